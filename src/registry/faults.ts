// One line per fault.

export { httpCall } from '../faults/http/call.ts'
export { kubernetesNodeCordon } from '../faults/kubernetes/node-cordon.ts'
export { kubernetesPodKill } from '../faults/kubernetes/pod-kill.ts'
export { kubernetesServiceBlackhole } from '../faults/kubernetes/service-blackhole.ts'
export { linkBlackhole } from '../faults/link/blackhole.ts'
export { linkCut } from '../faults/link/cut.ts'
export { linkDelay } from '../faults/link/delay.ts'
export { linkReset } from '../faults/link/reset.ts'
export { linkThrottle } from '../faults/link/throttle.ts'
export { processExec } from '../faults/process/exec.ts'
export { processKill } from '../faults/process/kill.ts'
export { processPause } from '../faults/process/pause.ts'
