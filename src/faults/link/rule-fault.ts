import type { Context } from '../../contracts/context.ts'
import { defineFault, type EffectSeen, type Fault, type FaultInput } from '../../contracts/fault.ts'
import { identityOf } from '../../contracts/process.ts'
import { refused } from '../../domain/error.ts'
import type { Interval } from '../../domain/interval.ts'
import type { Shape } from '../../domain/shape.ts'
import { seconds } from '../../domain/time.ts'
import { linkState, putRule } from '../../platforms/link/client.ts'
import { type LinkData, linkOf } from '../../platforms/link/platform.ts'
import type { Harm, LinkState, RuleCounters } from '../../platforms/link/rule.ts'
import { type LinkUndo, undoRule } from '../../platforms/link/undo.ts'
import { knock } from '../../platforms/process/knock.ts'
import { firstSeen } from '../../platforms/process/watch.ts'

/** A fault without `for` ends by itself after this, whatever happens, seconds. */
const LONGEST = seconds(900)
/** The proxy notes to the nanosecond what it did; asking seldom costs no precision, seconds. */
const ASK_EVERY = seconds(0.02)

interface RuleFault<Spec> {
  readonly name: string
  readonly summary: string
  readonly parameters: Shape<Spec>
  readonly effectHow: string
  /** What becomes of the connections it held when it is lifted. */
  readonly lifted: string
  readonly harm: (spec: Spec) => Harm
}

/** A link may serve several drills: the run is part of the id. */
const ruleId = (run: string, token: string): string => (token.startsWith(run) ? token : `${run}/${token}`)

/** Counters of a rule that holds, or has ended meanwhile. */
function countersOf({ rules, ended }: LinkState, id: string): (RuleCounters & { readonly applied: string }) | undefined {
  const rule = rules.find((one) => one.id === id) ?? ended.findLast((one) => one.id === id)
  return rule === undefined ? undefined : { ...rule.counters, applied: rule.applied }
}

const percentText = (share: number): string => `${Number((share * 100).toFixed(1))} %`

/**
 * The share of connections that were really affected. Without a rule it is exactly 0, so one affected connection puts the lower end of
 * Wilson's interval above the baseline.
 */
const shareText = ({ affected, considered }: RuleCounters): string =>
  `${affected} of ${considered} connections (${percentText(affected / considered)})`

/** A moment of CLOCK_MONOTONIC on the drill's clock. */
const onDrillClock = (ns: string, { clock }: Context): number => clock.now() - Number(process.hrtime.bigint() - BigInt(ns)) / 1e9

/** A fresh connect is refused: what every client sees. */
async function refusedConnect({ listen }: LinkData, context: Context): Promise<EffectSeen> {
  const door = { host: String(listen.host), port: Number(listen.port) }
  const at = await firstSeen(async () => (await knock(door, seconds(1))) === 'refused', context, seconds(0.005))
  const how = at === undefined ? 'fresh connects were never refused' : `a fresh connect to ${door.host}:${door.port} is refused`
  return { proven: at !== undefined, level: 'data', at: at ?? null, how }
}

/** Real connections were really harmed: (the rule began, the first was]. A link that nobody uses proves nothing. */
async function affectedConnections({ control }: LinkData, id: string, context: Context): Promise<EffectSeen> {
  let counters: ReturnType<typeof countersOf>
  const look = async (): Promise<boolean> => {
    const state = await linkState(control, context.signal).catch(() => undefined)
    counters = state === undefined ? counters : (countersOf(state, id) ?? counters)
    return counters !== undefined && counters.firstAffected !== null
  }
  await firstSeen(look, context, ASK_EVERY)
  if (counters === undefined) return { proven: false, level: 'data', at: null, how: 'the link never had the rule' }
  const { applied, firstAffected, considered } = counters
  if (firstAffected === null) return { proven: false, level: 'data', at: null, how: `${considered} connections came by, none was affected` }
  const at: Interval = { lo: onDrillClock(applied, context), hi: onDrillClock(firstAffected, context) }
  return { proven: true, level: 'data', at, how: `the link harmed ${shareText(counters)}` }
}

const curl = (control: string, method: string, id: string): string =>
  `curl --unix-socket ${control} -X ${method} http://link/rules/${encodeURIComponent(id)}`

/** A fault that is a rule of a link: it expires by itself, and by the loss of the lease. */
export function ruleFault<Spec>({ lifted, harm, ...about }: RuleFault<Spec>): Fault<Spec, LinkUndo> {
  const ttlOf = (input: FaultInput<Spec>): number => input.for ?? LONGEST
  return defineFault<Spec, LinkUndo>({
    ...about,
    kind: 'expiring',
    platform: 'link',
    takes: { percent: true },
    composes: true,
    undoFrom: 'self',
    effectIsState: false,
    undoHow: `Lifts the rule; ${lifted}. It ends by itself after \`for\` (without it 15 minutes), or 3 s after firedrill is gone`,
    permissions: ["may open the link's control socket: same user, or root"],
    undoVersion: 1,
    async plan(input, { run, signal }) {
      const { control, instance, pid } = linkOf(input.target)
      const state = await linkState(control, signal)
      if (state?.instance !== instance) throw refused(`The link at ${control} is gone, or another one`, 'LINK_GONE', ['firedrill plan'])
      const id = ruleId(run, input.token)
      const asked = { ...harm(input.spec), percent: input.percent ?? 1, ttl: ttlOf(input) }
      return {
        call: `${curl(control, 'PUT', id)} -d '${JSON.stringify(asked)}'`,
        undo: { control, instance, process: identityOf(pid) ?? null, rule: id },
        command: curl(control, 'DELETE', id),
        prior: { instance },
      }
    },
    async inject(input, _mutation, { run, lease, signal }) {
      signal.throwIfAborted()
      const { control, instance } = linkOf(input.target)
      if ((await linkState(control, signal))?.instance !== instance)
        throw refused(`The link at ${control} is gone, or another one`, 'LINK_GONE')
      const seed = Math.floor(input.random() * 2 ** 32)
      const rule = {
        run,
        epoch: lease.epoch,
        lease: lease.file,
        harm: harm(input.spec),
        percent: input.percent ?? 1,
        ttl: ttlOf(input),
        seed,
      }
      await putRule(control, { id: ruleId(run, input.token), ...rule }, signal)
    },
    effect(input, _mutation, context) {
      const link = linkOf(input.target)
      const everybody = (input.percent ?? 1) >= 1
      return harm(input.spec).kind === 'cut' && everybody
        ? refusedConnect(link, context)
        : affectedConnections(link, ruleId(context.run, input.token), context)
    },
    undo: undoRule,
  })
}
