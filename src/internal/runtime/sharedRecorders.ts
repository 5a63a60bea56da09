/**
 * Recorders that all users of an id share: made for the first, removed with the last.
 *
 * They are counted here and not by an `RcMap`. An `RcMap` would make the next recorder while the previous one is still
 * stopping and holds the id, would keep the failure of a start while the scope of any user is open, and could not
 * compare options in the same step in which a user joins.
 */
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import { type CreateError, RecorderOptionsDiffer, type ShareError } from "../model/runtimeErrors.ts"
import type { RecorderControl } from "../recorder/control.ts"
import { outsideHooks } from "../recorder/hookGuard.ts"
import { type DecidedOptions, differences } from "./decidedOptions.ts"

/** The recorders of a runtime. */
export interface Registry {
  readonly namespace: string
  /** Makes and starts a recorder, and passes it to `onMade` before it starts. If this fails, the id is free again. */
  readonly create: <R>(
    id: string,
    options: DecidedOptions<R>,
    onMade: (control: RecorderControl) => void
  ) => Effect.Effect<RecorderControl, CreateError, R>
  /** Whether it is being removed. */
  readonly isBeingRemoved: (control: RecorderControl) => boolean
  /** Stops and removes it, and fails if the stop does. Does nothing if that is done or in progress. */
  readonly remove: (control: RecorderControl) => Effect.Effect<void, unknown>
}

interface Shared {
  readonly id: string
  readonly options: DecidedOptions<unknown>
  /** For its hooks, because the scope of the first user may close before the recorder ends. */
  readonly scope: Scope.Closeable
  /** Completes when the id is free again. */
  readonly gone: Deferred.Deferred<void>
  /** Runs in its own fiber, so that no user can interrupt it while others wait for it. */
  starting: Fiber.Fiber<RecorderControl, CreateError> | undefined
  control: RecorderControl | undefined
  users: number
}

export class SharedRecorders {
  readonly #registry: Registry
  readonly #shared = new Map<string, Shared>()

  constructor(registry: Registry) {
    this.#registry = registry
  }

  /** The recorder of this id, while the scope of the caller is open. */
  use<R>(id: string, options: DecidedOptions<R>): Effect.Effect<RecorderControl, ShareError, R | Scope.Scope> {
    return Effect.uninterruptibleMask((restore) =>
      Effect.gen({ self: this }, function* () {
        const context = yield* Effect.context<R>()
        let known = this.#shared.get(id)
        while (known !== undefined && this.#isEnding(known)) {
          yield* this.#refuseInHook(known)
          yield* restore(Deferred.await(known.gone))
          known = this.#shared.get(id)
        }
        const shared = known ?? this.#begin(id, options, context)
        const different = differences(shared.options, options)
        if (different.length > 0) {
          const { namespace } = this.#registry
          return yield* new RecorderOptionsDiffer({ recorderId: id, namespace, options: different })
        }
        shared.users++
        const starting = shared.starting!
        if (starting.pollUnsafe() === undefined) {
          yield* Effect.onError(this.#refuseInHook(shared), () => this.#leave(shared))
        }
        const control = yield* Effect.onError(restore(Fiber.join(starting)), () => this.#leave(shared))
        yield* Effect.addFinalizer(() => this.#leave(shared))
        return control
      })
    )
  }

  /** Called when the registry has removed a recorder, for whatever reason. */
  removed(control: RecorderControl): Effect.Effect<void> {
    return Effect.suspend(() => {
      const shared = this.#shared.get(control.service.recorderId)
      return shared?.control === control ? this.#end(shared) : Effect.void
    })
  }

  #begin<R>(id: string, options: DecidedOptions<R>, context: Context.Context<R>): Shared {
    const shared: Shared = {
      id,
      options: options as DecidedOptions<unknown>,
      scope: Scope.makeUnsafe(),
      gone: Deferred.makeUnsafe(),
      starting: undefined,
      control: undefined,
      users: 0
    }
    this.#shared.set(id, shared)
    const created = this.#registry.create(id, options, (control) => {
      shared.control = control
    })
    // If it is interrupted at its very end, it may have made a recorder.
    shared.starting = Effect.onError(created, () => Effect.andThen(this.#remove(shared), this.#end(shared))).pipe(
      Effect.runForkWith(Context.add(context, Scope.Scope, shared.scope))
    )
    return shared
  }

  #isEnding({ control, users }: Shared): boolean {
    return users === 0 || (control !== undefined && this.#registry.isBeingRemoved(control))
  }

  #refuseInHook({ control }: Shared) {
    return control?.refuseInHook("be waited for") ?? Effect.void
  }

  /**
   * Called when a user leaves. The last one waits for the end, unless the end waits for a hook that the user runs in.
   */
  #leave(shared: Shared): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (--shared.users > 0 || this.#shared.get(shared.id) !== shared) return Effect.void
      const ended = Effect.andThen(Fiber.interrupt(shared.starting!), this.#remove(shared))
      return Effect.matchEffect(this.#refuseInHook(shared), {
        onFailure: () => Effect.sync(() => void outsideHooks(() => Effect.runFork(ended))),
        onSuccess: () => Effect.andThen(ended, Deferred.await(shared.gone))
      })
    })
  }

  /** The recorder has logged a stop that fails. */
  #remove(shared: Shared): Effect.Effect<void> {
    return Effect.suspend(() =>
      shared.control === undefined ? Effect.void : Effect.ignore(this.#registry.remove(shared.control))
    )
  }

  #end(shared: Shared): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.#shared.get(shared.id) === shared) this.#shared.delete(shared.id)
      return Effect.ensuring(
        Scope.close(shared.scope, Exit.void),
        Effect.sync(() => Deferred.doneUnsafe(shared.gone, Exit.void))
      )
    })
  }
}
