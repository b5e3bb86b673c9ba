import type { JsonObject } from './json.ts'

/** One thing that may be touched, pinned by something that is never reused (a pid with its start time, a uid, an instance id). */
export interface Target {
  readonly platform: string
  /** Immutable identity: two targets are the same thing exactly when these are equal. */
  readonly id: string
  /** What a person calls it. */
  readonly label: string
  /** What the platform needs to act on it. Never a secret. */
  readonly data: JsonObject
}
