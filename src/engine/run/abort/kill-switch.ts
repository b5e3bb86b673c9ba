import { access } from 'node:fs/promises'
import { resolve } from 'node:path'
import { describe } from '../../../domain/error.ts'
import type { Experiment } from '../../../domain/experiment.ts'

/** A switch that is thrown, or null. A file: it exists. A URL: it does not answer 2xx within two seconds. */
export async function readKillSwitch(declared: Experiment['killSwitch'], folder: string, run: string): Promise<string | null> {
  if (!declared) return null
  if ('file' in declared) {
    const there = await access(resolve(folder, declared.file)).then(
      () => true,
      () => false,
    )
    return there ? `${declared.file} exists` : null
  }
  const answer = await fetch(declared.url, {
    headers: { 'firedrill-run': run },
    signal: AbortSignal.timeout(2_000),
    redirect: 'manual',
  }).catch((error: unknown) => describe(error instanceof Error && error.cause !== undefined ? error.cause : error))
  if (typeof answer === 'string') return `${declared.url}: ${answer}`
  await answer.body?.cancel()
  return answer.ok ? null : `${declared.url} answered ${answer.status}`
}
