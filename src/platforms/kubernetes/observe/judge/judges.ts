import type { Watched } from '../questions.ts'
import { eventJudge, restartsJudge } from './happened.ts'
import { hpaJudge } from './hpa.ts'
import type { Judge } from './judge.ts'
import { nodeJudge, nodeLeaseJudge } from './node.ts'
import { endpointsJudge, workloadJudge } from './ready.ts'

/** A fresh judge of what is watched; it remembers what was there when it began. */
export function judgeOf(watched: Watched): Judge {
  switch (watched.kind) {
    case 'endpoints':
      return endpointsJudge(watched)
    case 'workload':
      return workloadJudge(watched)
    case 'node':
      return nodeJudge(watched)
    case 'nodeLease':
      return nodeLeaseJudge(watched)
    case 'event':
      return eventJudge(watched)
    case 'restarts':
      return restartsJudge(watched)
    case 'hpa':
      return hpaJudge(watched)
  }
}
