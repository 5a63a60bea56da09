/** What a source has left in a store, by the reader's definitions. */
import * as Predicate from "effect/Predicate"
import { readState } from "../durable/format.ts"
import { statesIn } from "../fold/endedStates.ts"
import type { PackedMetric } from "../fold/packedMetric.ts"
import { unpackStats } from "../formats/packedStats.ts"
import { none } from "../merging/accounts.ts"
import type { Known } from "../merging/mergedParts.ts"
import type { Merger } from "../merging/merger.ts"
import type { Misfit } from "../merging/misfits.ts"
import type { Fingerprint } from "../metric/definition/fingerprint.ts"
import { misfits as stateMisfits } from "../metric/definition/stateShape.ts"
import type { Stats } from "../model/stats.ts"
import { type AboutSource, readStoredKey } from "../store/entries.ts"
import { whyPacked } from "../store/packing.ts"
import type { StateRead } from "../stream/foldMessages.ts"
import { describeError } from "../util/describeError.ts"

/** The states of the recorders with an id. */
export interface RecorderStates {
  readonly recorderId: string
  readonly states: Known
  readonly stats: Stats
}

/** A part of what a source has left that is in no total because it cannot be read. */
export interface UnreadablePart {
  /** The recorder or metric, by its name. */
  readonly what: string
  readonly reason: string
}

type StatesAndStats = Omit<RecorderStates, "recorderId">

type ReadMetric = Pick<StateRead, "name" | "state" | "earlier">

export interface SourceStates {
  readonly live: ReadonlyArray<RecorderStates>
  /** The states of removed recorders, and those before resets, without levels. */
  readonly ended: ReadonlyArray<RecorderStates>
  /** The states of recorders that are no longer kept by their ids. */
  readonly others: ReadonlyArray<StatesAndStats>
  readonly about: AboutSource
  readonly misfits: ReadonlyArray<Misfit>
  /** By recorder id, states that this reader does not know or defines differently. */
  readonly rest: ReadonlyMap<string, ReadonlyArray<PackedMetric>>
  /** The shapes of these states, by hash. */
  readonly shapes: ReadonlyMap<string, Fingerprint>
  /** The parts that cannot be read. */
  readonly unreadable: ReadonlyArray<UnreadablePart>
}

export const sourceStates = (
  merger: Merger,
  namespace: string,
  source: string,
  entries: ReadonlyMap<string, Uint8Array>
): SourceStates => {
  const live: Array<RecorderStates> = []
  const ended: Array<RecorderStates> = []
  const misfits: Array<Misfit> = []
  let others: SourceStates["others"] = []
  let about: AboutSource = { others: 0 }
  const rest = new Map<string, Array<PackedMetric>>()
  const shapesOfRest = new Map<string, Fingerprint>()
  const unreadable: Array<UnreadablePart> = []

  const skip = (what: string, reason: string): void => {
    unreadable.push({ what, reason })
    merger.problem(`${what} of the source "${source}" cannot be read, and is left out: ${reason}`)
  }
  const leave = (packed: PackedMetric, shape: Fingerprint): ReadonlyArray<never> => {
    rest.set(packed.recorderId, [...(rest.get(packed.recorderId) ?? []), packed])
    shapesOfRest.set(packed.measured, shape)
    return []
  }
  const readMetric = (packed: PackedMetric, shape: Fingerprint): ReadonlyArray<ReadMetric> => {
    const { bytes, name } = packed
    const metric = merger.metric(name)
    if (metric === undefined) {
      merger.unknown(name)
      return leave(packed, shape)
    }
    const differences = stateMisfits(metric, { definition: shape, state: undefined })
    if (differences.length > 0) {
      misfits.push(merger.misfit(name, differences))
      return leave(packed, shape)
    }
    try {
      return [{ name, ...statesIn(metric, bytes) }]
    } catch (error) {
      skip(`the metric "${name}"`, describeError(error))
      return []
    }
  }
  /** The current states, and those that had ended before. */
  const statesOf = (
    what: string,
    bytes: Uint8Array
  ): readonly [now: StatesAndStats, ...before: Array<StatesAndStats>] => {
    const kept = readState(bytes, namespace)
    if ("problem" in kept) {
      skip(what, whyPacked(bytes) ?? kept.reason)
      return [{ states: {}, stats: none }]
    }
    const { measured, metrics } = kept
    const read = metrics.flatMap((packed) => readMetric(packed, measured.get(packed.measured) ?? {}))
    // Replaced definitions come after their replacements.
    const states = new Map(read.toReversed().map(({ name, state }) => [name, state]))
    const before = read.flatMap(({ earlier, name }) => (earlier === undefined ? [] : [{ [name]: earlier }]))
    const now = { states: Object.fromEntries(states), stats: statsIn(kept.stats) }
    return [now, ...before.map((states) => ({ states, stats: none }))]
  }

  /** The states that can be read. */
  const recorderIn = (key: string, bytes: Uint8Array): string => {
    const kept = readState(bytes, namespace)
    return ("problem" in kept ? undefined : kept.metrics[0]?.recorderId) ?? key
  }

  for (const [key, bytes] of entries) {
    const of = readStoredKey(key)
    switch (of?.kind) {
      case "about":
        about = aboutIn(bytes, (reason) => skip("the accounting of the source", reason)) ?? about
        break
      case "others":
        others = statesOf("the merged rest", bytes)
        break
      case "live":
      case "ended": {
        const { kind, recorderId = recorderIn(key, bytes) } = of
        const [now, ...before] = statesOf(`the recorder "${recorderId}"`, bytes)
        if (kind === "live") live.push({ recorderId, ...now })
        for (const each of kind === "live" ? before : [now, ...before]) {
          ended.push({ recorderId, ...each, states: merger.remains(each.states) })
        }
        break
      }
      default:
        skip(`the entry "${key}"`, "it is of a later version of mvx-metrics")
    }
  }
  return { live, ended, others, about, misfits, rest, shapes: shapesOfRest, unreadable }
}

const aboutIn = (bytes: Uint8Array, onProblem: (reason: string) => void): AboutSource | undefined => {
  try {
    const about: unknown = JSON.parse(Buffer.from(bytes).toString())
    if (isAbout(about)) return about
    onProblem("mvx-metrics did not write it")
  } catch (error) {
    onProblem(describeError(error))
  }
  return undefined
}

const isCount = (value: unknown): boolean => typeof value === "number" && value >= 0

const isAbout = (value: unknown): value is AboutSource => {
  if (!Predicate.isObject(value)) return false
  const { every = 0, others, retired = 0 } = value as { readonly [name: string]: unknown }
  return [every, others, retired].every(isCount)
}

const statsIn = (row: ReadonlyArray<number> | undefined): Stats => {
  const [account] = row === undefined ? [] : unpackStats(Float64Array.from(row))
  if (account === undefined) return none
  const { failed, ...counts } = account
  const { invalid, notRunning, overflow } = counts.refusedBy
  const refused = invalid + notRunning + overflow
  return { ...counts, refused, offered: counts.accepted + refused, state: failed ? "Failed" : "Running" }
}
