/**
 * A definition as an object: made by `Metric.make` and by the instruments, once what they were given has been checked.
 */
import { pipeArguments } from "effect/Pipeable"
import * as Predicate from "effect/Predicate"
import type * as Metric from "../../Metric.ts"
import { deepFreeze } from "../deepFreeze.ts"
import { unitCode } from "./unitCode.ts"

export const TypeId = "~mvx-metrics/Metric"

const Proto = {
  pipe() {
    // biome-ignore lint/complexity/noArguments: the way Effect's Pipeable is implemented.
    return pipeArguments(this, arguments)
  }
}

type Parts = Omit<Metric.Any, "pipe" | typeof TypeId>

export const define = <M extends Metric.Any>(parts: Parts): M =>
  Object.freeze(
    Object.assign(Object.create(Proto), {
      ...parts,
      [TypeId]: { _Event: undefined },
      name: parts.name.trim(),
      unit: parts.unit === undefined ? undefined : unitCode(parts.unit),
      initial: deepFreeze(parts.initial),
      reduce: Object.freeze({ ...parts.reduce })
    })
  )

/** Whether a value is a definition. Never throws. */
export const isDefinition = (value: unknown): value is Metric.Any => {
  try {
    return Predicate.hasProperty(value, TypeId)
  } catch {
    // A proxy of the caller's may throw.
    return false
  }
}
