import type { Context } from '../../../contracts/context.ts'
import type { Shot } from '../../../contracts/probe.ts'
import type { SignalSeen } from '../../../contracts/signal.ts'
import type { Seconds } from '../../../domain/time.ts'
import type { ExitCode } from '../../../domain/verdict.ts'
import type { Asked, Watched } from './questions.ts'
import type { Expected } from './shoot.ts'

/** Of a context what survives the way to another thread. */
export interface Place extends Pick<Context, 'run' | 'lease' | 'env' | 'folder'> {
  /** CLOCK_MONOTONIC nanoseconds at drill time 0: the same clock in every thread. */
  readonly monotonic: bigint
}

/** To the worker. `id` names a watch or a session for as long as it lasts. */
export type ToWorker =
  | { readonly do: 'watch'; readonly id: number; readonly place: Place; readonly watched: Watched; readonly every: Seconds }
  | {
      readonly do: 'open'
      readonly id: number
      readonly place: Place
      readonly asked: Asked
      readonly expected: Expected
      readonly wantBody: boolean
    }
  | { readonly do: 'shoot'; readonly id: number; readonly shot: number; readonly timeout: Seconds }
  | { readonly do: 'end'; readonly id: number }

/** What survives the way between threads of a DrillError. */
export interface ErrorData {
  readonly message: string
  readonly code: string
  readonly exit: ExitCode
  readonly next: readonly string[]
}

export type Shown = Shot & { readonly body: string }

/** Said again and again by a worker that can still speak. */
export interface Alive {
  readonly is: 'alive'
}

export type ToClient =
  | { readonly is: 'seen'; readonly id: number; readonly seen: SignalSeen }
  | { readonly is: 'open'; readonly id: number }
  | { readonly is: 'shot'; readonly id: number; readonly shot: number; readonly shown: Shown }
  | { readonly is: 'refused'; readonly id: number; readonly error: ErrorData }
  | { readonly is: 'note'; readonly id: number; readonly text: string }
