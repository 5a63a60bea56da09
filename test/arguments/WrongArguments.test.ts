// Every argument of every public function rejects invalid values by name, before anything is changed.
import { afterAll, describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { Recorder } from "mvx-metrics"
import { definitions, guards } from "./definitions.ts"
import { exporters } from "./exporters.ts"
import { exportedFunctions, methodsOf } from "./publicFunctions.ts"
import {
  emitter,
  managed,
  plain,
  plainDelta,
  plainEmitter,
  plainRecorder,
  reader,
  recorder,
  runtime,
  runtimes
} from "./runtimes.ts"
import { notRefused, wrongValues } from "./wrong.ts"

const tables = { ...definitions, ...runtimes, ...exporters }

/** They count what is no event as refused, and neither throw nor fail: a metric does not hurt the business. */
const counting: { readonly [name: string]: (value: never) => unknown } = {
  "Recorder.emit": (event) => managed.runPromise(Recorder.emit(event)),
  "emitter.emit": (event) => managed.runPromise(emitter.emit(event)),
  "emitter.emitUnsafe": (event) => emitter.emitUnsafe(event),
  "emitter.onExit": (f) => managed.runPromise(emitter.onExit(Effect.void, f)),
  "emitter.track": (f) => managed.runPromise(emitter.track(Effect.void, f)),
  "recorder.emitUnsafe": (event) => recorder.emitUnsafe(event),
  "plainEmitter.emit": (event) => plainEmitter.emit(event),
  "plainEmitter.track": (f) => plainEmitter.track(() => 1, f)
}

/** Why others are in no table. */
const others: { readonly [name: string]: string } = {
  "Recorder.onExit": "is that of an emitter",
  "MetricsWorker.run": "ends the thread that it is called in, see test/worker/Spawn.test.ts",
  ...Object.fromEntries(
    [
      "plainRecorder.createDeltaReader",
      "plainRecorder.start",
      "plainRecorder.stop",
      "plainRecorder.changes",
      "plainRecorder.latestChanges",
      "plain.shutdown",
      "reader.report",
      "reader.close"
    ].map((name) => [name, "has no argument"])
  )
}

afterAll(async () => {
  await reader.close()
  await plain.shutdown()
  await managed.dispose()
})

it("every public function has a table of wrong arguments", async () => {
  const methods = Object.entries({ runtime, recorder, emitter, plain, plainRecorder, plainEmitter, plainDelta, reader })
  const all = [...(await exportedFunctions()), ...methods.flatMap(([name, object]) => methodsOf(name, object))]
  const known = new Set([tables, guards, counting, others].flatMap(Object.keys))
  expect(all.filter((name) => !known.has(name))).toEqual([])
  expect([...known].filter((name) => !all.includes(name))).toEqual([])
})

/** What no refused argument may change. */
const state = async () => ({
  recorders: [await managed.runPromise(runtime.recorderIds), plain.recorderIds],
  metrics: [(await managed.runPromise(recorder.metrics)).length, plainRecorder.metrics.length],
  states: [await managed.runPromise(recorder.state), plainRecorder.state]
})

describe.each(Object.entries(tables))("%s", (_, places) => {
  it.each(Object.entries(places))("rejects a wrong %s by name, and changes nothing", async (argument, each) => {
    const before = await state()
    expect(await notRefused(argument, each, (effect) => managed.runPromiseExit(effect))).toEqual([])
    expect(await state()).toEqual(before)
  })
})

it.each(Object.entries(guards))("%s returns a result for any value", (_, guard) => {
  for (const value of wrongValues()) expect(() => guard(value)).not.toThrow()
})

it.each(Object.entries(counting))("%s counts an invalid event as refused, and does not throw", async (_, call) => {
  const accepted = async () => [(await managed.runPromise(recorder.stats)).accepted, plainRecorder.stats.accepted]
  const before = await accepted()
  for (const value of wrongValues()) await call(value as never)
  expect(await accepted()).toEqual(before)
})
