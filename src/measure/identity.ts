import type { Json, JsonObject } from '../domain/json.ts'
import type { DrillRecord } from '../domain/record.ts'
import type { Evidence } from './evidence.ts'
import { eventsOf, type Timeline } from './timeline.ts'

/** Which drill a record is about: of what, of which plan, where, and on which clock. */
export function identityOf(
  { plan, journal }: Evidence,
  { phases }: Timeline,
): Pick<DrillRecord, 'run' | 'experiment' | 'plan' | 'phases' | 'load' | 'environment' | 'clock'> {
  const [opened] = eventsOf(journal, 'drill.opened')
  const closed = eventsOf(journal, 'drill.closed').at(-1)
  const { title, hypothesis, mechanisms, controls } = plan.experiment
  const { file, sha256 } = opened?.experiment ?? plan.source
  return {
    run: opened?.run ?? '',
    experiment: { title, file, sha256, ...(hypothesis === undefined ? {} : { hypothesis }), mechanisms, controls },
    plan: { hash: plan.hash },
    phases: phases.map(({ phase, from, to }) => ({ phase, from, to })),
    load: plan.load === null ? null : { kind: plan.load.kind, detail: loadDetail(journal, plan.load.engine) },
    environment: opened?.environment ?? {},
    clock: {
      origin: opened?.origin ?? '',
      end: closed?.end ?? null,
      boot: opened?.boot ?? '',
      error: closed ? Math.abs(closed.drift) : null,
      unit: 's',
    },
  }
}

/** What the engine said of itself at its end, else its name. */
function loadDetail(journal: Evidence['journal'], engine: string): Json {
  const notes = eventsOf(journal, 'note').flatMap(({ data }) => (isObject(data) && data['load'] !== undefined ? [data['load']] : []))
  return { engine, end: notes.at(-1) ?? null }
}

const isObject = (of: Json | undefined): of is JsonObject => typeof of === 'object' && of !== null && !Array.isArray(of)
