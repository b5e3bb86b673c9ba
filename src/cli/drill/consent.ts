import { createInterface } from 'node:readline/promises'
import { type DrillError, refused, usage } from '../../domain/error.ts'
import type { Plan } from '../../domain/plan.ts'

export interface ConsentInput {
  readonly plan: Pick<Plan, 'hash' | 'experiment'>
  readonly yes: boolean
  readonly approve: string | undefined
  readonly asks: boolean
  /** As it was typed, for the next command. */
  readonly file: string
  /** Asks a person and answers what was typed; rejects with the signal's reason. */
  readonly ask: (question: string) => Promise<string>
}

const SHORTEST_HASH = 12

const declined = (file: string): DrillError => refused('Not approved; nothing was injected.', 'NOT_APPROVED', [`firedrill plan ${file}`])

/** How the drill was allowed, in a word for the journal. Throws a DrillError when it was not: usage for a bad call, refused otherwise. */
export async function consent({ plan, yes, approve, asks, ask, file }: ConsentInput): Promise<'sandbox' | 'approved' | 'yes' | 'asked'> {
  if (approve !== undefined) {
    if (approve.length < SHORTEST_HASH)
      throw usage(`--approve needs at least ${SHORTEST_HASH} characters of the plan's hash.`, 'APPROVE_SHORT', [`firedrill plan ${file}`])
    if (plan.hash.startsWith(approve)) return 'approved'
    const why = 'the experiment, its variables, its machine or firedrill changed since'
    throw refused(
      `The plan is ${plan.hash.slice(0, SHORTEST_HASH)}… and not the approved ${approve.slice(0, SHORTEST_HASH)}…: ${why}.`,
      'PLAN_CHANGED',
      [`firedrill plan ${file}`],
    )
  }
  if ('sandbox' in plan.experiment.system) return 'sandbox'
  if (yes) return 'yes'
  if (!asks) {
    throw refused(`Nobody can be asked here, and this changes ${plan.experiment.system.name}.`, 'CONSENT_NEEDED', [
      `firedrill run ${file} --approve ${plan.hash.slice(0, SHORTEST_HASH)}`,
      `firedrill run ${file} --yes`,
    ])
  }
  const { name } = plan.experiment.system
  const typed = (await ask(`This breaks ${name} on purpose. Type ${name} (or y) to begin: `)).trim()
  if (typed === name || typed.toLowerCase() === 'y' || typed.toLowerCase() === 'yes') return 'asked'
  throw declined(file)
}

/** Asks on stderr, so that stdout holds results only. Ctrl-C and a closed stdin are a no. */
export async function askOnTerminal(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  const closed = new Promise<string>((resolve) => lines.once('close', () => resolve('')))
  lines.on('SIGINT', () => lines.close())
  try {
    return await Promise.race([lines.question(question), closed])
  } finally {
    lines.close()
  }
}
