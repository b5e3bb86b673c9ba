import { spawn } from 'node:child_process'
import { reveal } from '../../contracts/secret.ts'
import { describe } from '../../domain/error.ts'
import type { Notice } from '../../domain/experiment.ts'
import type { Json } from '../../domain/json.ts'

const LIMIT = 5_000

export interface NotifyContext {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly folder: string
  readonly run: string
}

/** Tells everybody who asked; one that cannot be told never stops a drill. Answers what went wrong. */
export async function notifyAll(notices: readonly Notice[], payload: Json, context: NotifyContext): Promise<readonly string[]> {
  const told = await Promise.all(notices.map((notice) => tell(notice, payload, context).then(() => null, describe)))
  return told.filter((problem) => problem !== null)
}

async function tell(notice: Notice, payload: Json, context: NotifyContext): Promise<void> {
  if ('command' in notice) return runCommand(notice.command, payload, context)
  const answer = await fetch(reveal(notice.webhook, context), {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'firedrill-run': context.run },
    body: JSON.stringify(payload),
    signal: AbortSignal.timeout(LIMIT),
  }).catch((error: unknown) => {
    // The address may hold a token: the message must not carry it.
    throw new Error(`a webhook could not be called: ${error instanceof Error && error.cause ? describe(error.cause) : 'no answer'}`)
  })
  await answer.body?.cancel()
  if (!answer.ok) throw new Error(`a webhook answered ${answer.status}`)
}

/** The payload is on its standard input. */
function runCommand(argv: readonly string[], payload: Json, { folder, run, env }: NotifyContext): Promise<void> {
  const [command, ...args] = argv
  if (command === undefined) return Promise.resolve()
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: folder,
      env: { ...env, FIREDRILL_RUN: run },
      stdio: ['pipe', 'ignore', 'ignore'],
      timeout: LIMIT,
    })
    child.on('error', reject)
    child.on('exit', (code, signal) => (code === 0 ? resolve() : reject(new Error(`${command} ended with ${code ?? signal}`))))
    child.stdin.on('error', () => {})
    child.stdin.end(JSON.stringify(payload))
  })
}
