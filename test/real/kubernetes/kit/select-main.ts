// Selects in a process of its own, so that its memory is its own: `node select-main.ts <selector> <kubeconfig> <folder>`.
import { kubernetesPlatform } from '../../../../src/platforms/kubernetes/platform.ts'
import type { Selector } from '../../../../src/platforms/kubernetes/target/select.ts'
import { testContext } from '../../../kit/context.ts'

const [selector = '{}', kubeconfig = '', folder = ''] = process.argv.slice(2)
const context = testContext('', folder, { env: { KUBECONFIG: kubeconfig, PATH: process.env['PATH'] } })
const asked: Selector = { kind: 'pod', system: false, daemonSets: false, ...JSON.parse(selector) }
await kubernetesPlatform.load?.()
const before = process.resourceUsage().maxRSS
const began = performance.now()
const targets = await kubernetesPlatform.resolve(asked, context)
const seconds = (performance.now() - began) / 1000
process.stdout.write(JSON.stringify({ targets: targets.length, seconds, more: (process.resourceUsage().maxRSS - before) / 1024 }))
process.exit(0)
