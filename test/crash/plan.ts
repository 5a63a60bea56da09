/** The steps of a run, which depend on its seed only. */
import { type Strike, strikes } from "./faults.ts"
import { all, Late, Poisoned, PoisonedLabel, poisons } from "./load.metrics.ts"
import { Random } from "./random.ts"
import { type Op, type Role, roles, type Script, type Side, type Step, sides } from "./steps.ts"

/** Of 2026. */
const FirstMillis = 1_767_225_600_000

/** Within this time a strike comes. */
const StrikesWithin = 60

/** How much more than the usual load recorders take that are not small. */
const steady: ReadonlyArray<Role> = ["exact", "deltas"]

export class Plan {
  readonly #random: Random
  readonly #events: number
  #now = FirstMillis
  #latest = FirstMillis
  readonly #scrapes: boolean
  /** Of memory for events: few have workers save often, many have them replay much. */
  readonly pages: number
  #steps = 0
  #isDeadly = false
  /** Those that come next. */
  #strikes: Array<Strike> = []

  /** `events`: of each of the recorders that take most of the load, in one step. */
  constructor(seed: number, events: number, scrapes = true) {
    this.#scrapes = scrapes
    this.#random = new Random(seed)
    this.#events = events
    this.pages = this.#random.one([2, 4, 16, 64])
  }

  /** `kills`: how many are wanted yet. Where none is, no worker falls to a strike or to an event. */
  next(kills: number): Step {
    const isFirst = this.#steps++ === 0
    this.#isDeadly = kills > 0
    this.#turnClock()
    const scripts = sides.flatMap((side) => [
      ...roles.map((role): Script => ({ side, role, id: role, ops: this.#opsOf(role, isFirst) })),
      ...this.#passing(side)
    ])
    const most = Math.max(0, Math.min(3, kills))
    const count = isFirst ? 0 : Math.min(most, 1 + this.#random.upTo(2))
    const struck = Array.from({ length: count }, () => ({
      side: this.#random.one(sides),
      kind: this.#strike(),
      afterMillis: this.#random.upTo(StrikesWithin)
    }))
    // A look at the metrics with the clock set back would have them go back before the model does.
    const scrapes = this.#scrapes && this.#now >= this.#latest
    this.#latest = Math.max(this.#now, this.#latest)
    return { now: this.#now, scripts, scrapes, strikes: struck }
  }

  /** Each kind as often as the others, in any order. */
  #strike(): Strike {
    if (this.#strikes.length === 0) this.#strikes = [...strikes]
    return this.#strikes.splice(this.#random.upTo(this.#strikes.length - 1), 1)[0]!
  }

  #turnClock(): void {
    const random = this.#random
    if (random.isOneIn(2)) this.#now += random.upTo(20_000)
    else if (random.isOneIn(4)) this.#now -= random.upTo(90_000)
    else if (random.isOneIn(6)) this.#now += 3_600_000
  }

  #opsOf(role: Role, isFirst: boolean): ReadonlyArray<Op> {
    const random = this.#random
    const ops: Array<Op> = isFirst ? [{ _tag: "Create", role }] : []
    const bursts = 1 + random.upTo(2)
    for (let i = 0; i < bursts; i++) {
      ops.push(this.#burst(role))
      if (random.isOneIn(4)) ops.push({ _tag: "Abandon", millis: 1 + random.upTo(3) })
      if (role === "watched" && random.isOneIn(3))
        ops.push({ _tag: "Stall", millis: random.upTo(40), changes: 1 + random.upTo(9) })
      if (role === "deltas" && random.isOneIn(2)) ops.push({ _tag: "Delta" })
      if (role !== "oldest" && random.isOneIn(8)) ops.push({ _tag: "Reset", name: undefined })
      if (role === "exact") ops.push(...this.#changesOfMetrics(isFirst))
      if (random.isOneIn(4)) ops.push({ _tag: "Report" })
    }
    ops.push({ _tag: "Report" })
    return role === "deltas" ? [...ops.filter(({ _tag }) => _tag !== "Reset"), { _tag: "Delta" }] : ops
  }

  #burst(role: Role): Op {
    const random = this.#random
    if (steady.includes(role)) {
      return { _tag: "Burst", count: 1 + random.upTo(this.#events), waits: false }
    }
    const waits = role === "waiting" || random.isOneIn(4)
    return { _tag: "Burst", count: 1 + random.upTo(waits ? 300 : 600), waits }
  }

  /** What happens to the metrics of a recorder that has all of them. */
  #changesOfMetrics(isFirst: boolean): ReadonlyArray<Op> {
    const random = this.#random
    const ops: Array<Op> = []
    if (random.isOneIn(5)) ops.push({ _tag: "Register", name: Late.name })
    if (random.isOneIn(5)) ops.push({ _tag: "Reset", name: random.one(all.slice(2)).name })
    if (!isFirst && random.isOneIn(6) && this.#isDeadly) {
      for (const { name } of [Poisoned, PoisonedLabel]) ops.push({ _tag: "Reset", name })
      ops.push(
        { _tag: "Poison", how: random.one(poisons) },
        { _tag: "Burst", count: 1 + random.upTo(50), waits: false }
      )
    }
    return ops
  }

  /** A recorder that is there for this step alone. Its place is taken by later ones. */
  #passing(side: Side): ReadonlyArray<Script> {
    const random = this.#random
    if (random.isOneIn(2)) return []
    const role = random.one(roles)
    const ops = this.#opsOf(role, false)
    return [
      { side, role, id: `passing ${random.upTo(3)}`, ops: [{ _tag: "Create", role }, ...ops, { _tag: "Remove" }] }
    ]
  }
}
