/** Why a recorder cannot be read: by anything any more, or by a fiber that the fold would wait for. */
import type * as Fiber from "effect/Fiber"
import type { ReadError } from "../model/recorderErrors.ts"
import type { InvalidState } from "../model/usageErrors.ts"
import { type Hook, hookOf } from "./hookGuard.ts"
import type { Intake } from "./intake.ts"
import type { RecorderLifecycle } from "./lifecycle.ts"

/** The recorder that is read. */
export interface Refusing {
  readonly intake: Intake
  readonly lifecycle: RecorderLifecycle
  /** Knows the fiber that the fold waits for because it consumes changes. */
  readonly hub: { readonly slowConsumer: Fiber.Fiber<unknown, unknown> | undefined }
}

export const whyUnreadable = ({ intake, lifecycle }: Omit<Refusing, "hub">): ReadError | undefined => {
  const { failure, removed } = lifecycle
  if (removed) return lifecycle.invalidState("be read", "Read it before it is removed")
  // A stop that failed has folded everything first, so the state is complete.
  return failure !== undefined && (failure.foldLost || intake.pending > 0) ? failure.error : undefined
}

/** Why a read would wait for this hook of the recorder, which waits for the read. */
export const whyNotReadIn = (
  hook: Hook | undefined,
  { intake, lifecycle }: Omit<Refusing, "hub">
): InvalidState | undefined => {
  if (hook !== "onMetricChanged" && (hook !== "onStarting" || intake.pending === 0)) return undefined
  const hint = "The fold waits for the hook, and a read for the fold. A change carries its snapshot"
  return lifecycle.invalidState(`be read inside its own hook ${hook}`, hint)
}

/** The fold waits for a consumer of changes, which waits for a read. */
export const whyNotBetweenChanges = ({ lifecycle }: Pick<Refusing, "lifecycle">): InvalidState => {
  const hint = "The fold waits for the consumer, and the read for the fold. A change carries its snapshot"
  return lifecycle.invalidState("be read between two of its changes while more of them wait", hint)
}

/** Why a read by this fiber would fail, or would never end. */
export const whyNotReadBy = (fiber: Fiber.Fiber<unknown, unknown>, recorder: Refusing): ReadError | undefined =>
  whyUnreadable(recorder) ??
  whyNotReadIn(hookOf(fiber, recorder.lifecycle), recorder) ??
  (fiber === recorder.hub.slowConsumer ? whyNotBetweenChanges(recorder) : undefined)
