/**
 * The recorders of a runtime by id: making, finding, stopping and removing them. Concurrent creations and removals have
 * one winner.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { refuse } from "../model/optionChecks.ts"
import type { StopError } from "../model/recorderErrors.ts"
import { type CreateError, RecorderAlreadyExists, RecorderNotFound, type ShareError } from "../model/runtimeErrors.ts"
import { InvalidState } from "../model/usageErrors.ts"
import type { RecorderControl } from "../recorder/control.ts"
import { recorderDefaults } from "../recorder/defaults.ts"
import { isInHook } from "../recorder/hookGuard.ts"
import { makeRecorder } from "../recorder/makeRecorder.ts"
import type { RecorderOptions } from "../recorder/options.ts"
import type { RemoteEvents } from "../recorder/remoteIntake.ts"
import type { RecorderService } from "../recorder/service.ts"
import type { ThreadRecorder } from "../threads/messages.ts"
import { type DecidedOptions, decideOptions, defaultTotalOf, entityIdOf, recorderIdOf } from "./decidedOptions.ts"
import { Farewells } from "./farewells.ts"
import type { RuntimeLifecycle } from "./lifecycle.ts"
import type { RuntimeOptions } from "./options.ts"
import { RecordersById, type Registered } from "./recordersById.ts"
import { type Registry, SharedRecorders } from "./sharedRecorders.ts"

export class RecorderRegistry extends RecordersById implements Registry {
  readonly farewells: Farewells
  readonly #lifecycle: RuntimeLifecycle
  readonly #defaults: RuntimeOptions
  readonly #shared = new SharedRecorders(this)

  /** `defaults`: the options of the runtime. */
  constructor(lifecycle: RuntimeLifecycle, defaults: RuntimeOptions) {
    super(lifecycle, defaultTotalOf(defaults))
    this.farewells = new Farewells(lifecycle.shutdownTimeout, () => lifecycle.link?.isRestarting() === true)
    this.#lifecycle = lifecycle
    this.#defaults = defaults
  }

  // --- making

  /** The recorder that all users of this id share. */
  use<R>(id: string, own?: RecorderOptions<R>): Effect.Effect<RecorderService, ShareError, R | Scope.Scope> {
    return this.#decided(id, own, (id, decided) => this.#shared.use(id, decided))
  }

  createNew<R>(id: string, own?: RecorderOptions<R>): Effect.Effect<RecorderService, CreateError, R> {
    return this.#decided(id, own, (id, decided) => this.create(id, decided))
  }

  /** Makes a recorder without starting it. */
  makeIdle<R>(
    id: string,
    own?: RecorderOptions<R>
  ): Effect.Effect<RecorderService, InvalidState | RecorderAlreadyExists, R> {
    return this.#decided(id, own, (id, decided) =>
      Effect.contextWith((context: Context.Context<R>) => this.#make(id, decided, context))
    )
  }

  /** Makes a recorder with the defaults applied, once the options are checked. */
  #decided<R, E, R2>(
    recorderId: string,
    own: RecorderOptions<R> | undefined,
    make: (id: string, decided: DecidedOptions<R>) => Effect.Effect<RecorderControl, E, R2>
  ): Effect.Effect<RecorderService, E | InvalidState, R2> {
    return Effect.gen({ self: this }, function* () {
      const { decided, id } = yield* decideOptions(recorderId, own, this.#defaults, this.#lifecycle.shutdownTimeout)
      if (!this.#lifecycle.isRunning) return yield* this.#notRunning()
      return (yield* make(id, decided)).service
    })
  }

  create<R>(
    id: string,
    decided: DecidedOptions<R>,
    onMade?: (control: RecorderControl) => void
  ): Effect.Effect<RecorderControl, CreateError, R> {
    return Effect.uninterruptibleMask((restore) =>
      Effect.gen({ self: this }, function* () {
        const control = yield* this.#make(id, decided, yield* Effect.context<R>())
        onMade?.(control)
        // A recorder that does not start is discarded.
        yield* Effect.onError(restore(control.startUnasked), () => this.#discard(control))
        return control
      })
    )
  }

  #notRunning(): InvalidState {
    return this.#lifecycle.notRunning("create a recorder")
  }

  /** In one synchronous step, so that concurrent creations have one winner, and none slips past a shutdown. */
  #make<R>(
    recorderId: string,
    decided: DecidedOptions<R>,
    context: Context.Context<R>
  ): Effect.Effect<RecorderControl, InvalidState | RecorderAlreadyExists> {
    return Effect.suspend((): Effect.Effect<RecorderControl, InvalidState | RecorderAlreadyExists> => {
      const { namespace } = this
      const { isRunning, link } = this.#lifecycle
      if (!isRunning) return Effect.fail(this.#notRunning())
      const { totalOfRemoved: total, ...options } = decided
      const taken = this.taken(recorderId, total)
      if (taken !== undefined) return Effect.fail(new RecorderAlreadyExists({ recorderId: taken, namespace }))
      const entityId = entityIdOf(decided.entityId)
      const control = makeRecorder<R>({ ...options, entityId, recorderId, namespace, link: link! }, context)
      // With durable states its counts would otherwise be kept for the next recorder of its id, although it has named a
      // total.
      this.add(control, total, this.#defaults.durable !== undefined)
      return Effect.as(control.logMade, control)
    })
  }

  /**
   * Makes a recorder that represents one of an attached thread, immediately. `undefined`: the runtime is not running.
   * Thread ids are never reused in a process, so the ids of its recorders are only taken on purpose.
   */
  attach(threadId: number, of: ThreadRecorder, remote: RemoteEvents): RecorderControl | undefined {
    const { namespace } = this
    const { isRunning, link, shutdownTimeout } = this.#lifecycle
    if (!isRunning) return undefined
    const own = `${of.recorderId}/thread-${threadId}`
    let recorderId = own
    for (let n = 2; this.taken(recorderId, false) !== undefined; n++) recorderId = `${own}.${n}`
    const total = this.totalFor(of.totalOfRemoved ?? `${of.recorderId}/threads`)
    const { logging = recorderDefaults.logging, waitTimeout = recorderDefaults.waitTimeout } = this.#defaults
    const { capacity, entityId } = of
    const options = { ...recorderDefaults, logging, waitTimeout, shutdownTimeout, capacity, entityId }
    const control = makeRecorder({ ...options, recorderId, namespace, link: link!, remote }, Context.empty())
    this.add(control, total, true)
    this.#lifecycle.inBackground(Effect.ignore(control.startUnasked))
    return control
  }

  #discard(control: RecorderControl): Effect.Effect<void> {
    return Effect.suspend(() => {
      // A shutdown may have removed it.
      if (this.controlOf(control.service.recorderId) !== control) return Effect.void
      return control.remove(this.forget(control))
    })
  }

  // --- finding

  get(recorderId: string): Effect.Effect<RecorderService, RecorderNotFound> {
    return Effect.flatMap(this.#named(recorderId), ({ control }) =>
      Effect.as(this.#lifecycle.log.inspection(`looked up the recorder ${control.service.recorderId}`), control.service)
    )
  }

  find(recorderId: string): Effect.Effect<Option.Option<RecorderService>> {
    return Effect.flatMap(recorderIdOf(recorderId), (id) =>
      Effect.as(
        this.#lifecycle.log.inspection(`looked for the recorder ${id}`),
        Option.map(Option.fromUndefinedOr(this.controlOf(id)), ({ service }) => service)
      )
    )
  }

  get ids(): Effect.Effect<ReadonlyArray<string>> {
    return Effect.andThen(
      this.#lifecycle.log.inspection("listed the recorders"),
      Effect.sync(() => this.recorderIds)
    )
  }

  #named(recorderId: string): Effect.Effect<Registered, RecorderNotFound> {
    return Effect.flatMap(recorderIdOf(recorderId), (id) => {
      const registered = this.registered(id)
      return registered === undefined
        ? Effect.fail(new RecorderNotFound({ recorderId: id, namespace: this.namespace }))
        : Effect.succeed(registered)
    })
  }

  /** Fails in a hook of one of the recorders, for which a read of all of them may wait. */
  get refuseReadInHook(): Effect.Effect<void, InvalidState> {
    return Effect.withFiber((fiber) => {
      const controls = isInHook(fiber) ? this.controls : []
      const refusals = controls.map((control) => control.whyNotReadIn(fiber))
      return refuse(refusals.find((refusal) => refusal !== undefined))
    })
  }

  // --- stopping and removing

  stop(recorderId: string): Effect.Effect<void, RecorderNotFound | StopError> {
    return Effect.flatMap(this.#named(recorderId), ({ control }) =>
      control.stateUnsafe() === "Stopped" ? Effect.void : control.service.stop
    )
  }

  stopAndRemove(recorderId: string): Effect.Effect<void, RecorderNotFound | StopError> {
    return Effect.gen({ self: this }, function* () {
      const registered = yield* this.#named(recorderId)
      const { control } = registered
      yield* control.refuseInHook("be removed")
      const underWay = Effect.suspend(() =>
        Effect.fail(
          new InvalidState({
            subject: "recorder",
            id: control.service.recorderId,
            state: control.stateUnsafe(),
            operation: "be removed",
            hint: "Its removal is already under way"
          })
        )
      )
      return yield* this.#stopAndBury(registered, underWay)
    })
  }

  remove(control: RecorderControl): Effect.Effect<void, StopError> {
    return Effect.suspend(() => {
      const registered = this.registered(control.service.recorderId)
      return registered?.control !== control ? Effect.void : this.#stopAndBury(registered, Effect.void)
    })
  }

  /** Starts in one step, because other operations may run between any two. */
  #stopAndBury(registered: Registered, underWay: Effect.Effect<void, StopError>): Effect.Effect<void, StopError> {
    return Effect.suspend(() => {
      if (registered.removing) return underWay
      const { control } = registered
      registered.removing = true
      const ended = Effect.ensuring(control.close, this.bury(control))
      return Effect.flatMap(Effect.forkDetach(ended, { startImmediately: true }), Fiber.join)
    })
  }

  /** Removes a recorder that has stopped, after its last reads. */
  bury(control: RecorderControl): Effect.Effect<void> {
    return Effect.andThen(
      this.farewells.tell(control),
      Effect.suspend(() => {
        const total = this.forget(control)
        return Effect.andThen(control.remove(total), this.#shared.removed(control))
      })
    )
  }
}
