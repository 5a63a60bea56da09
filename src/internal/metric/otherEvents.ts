/** Makes a metric read other events: fewer of them, or those of another family. */
import { type Family, type MetricEvent, tagsOf } from "../model/event.ts"
import { mapValues } from "../util/mapValues.ts"
import { inner, made } from "./definition/fingerprint.ts"
import { type Instrument, type Source, sourceValue } from "./definition/instrument.ts"
import type { Any } from "./definition/metric.ts"
import { mappedExemplar } from "./instruments/exemplars.ts"
import { reduce } from "./make.ts"
import { remake } from "./withChanges.ts"

/** A metric of only those events. */
export const filtered = (self: Any, holds: (event: MetricEvent) => boolean): Any => {
  const { instrument, reduce, sources } = self
  if (instrument !== undefined) {
    const filter: Instrument["filter"] = (event) => (instrument.filter?.(event) ?? true) && holds(event)
    const marked = made(filter, () => ["filter", instrument.filter])
    return remake(self, { instrument: { ...instrument, filter: marked } })
  }
  return remake(self, {
    reduce: mapValues(reduce, (reducer): Any["reduce"][string] =>
      made(
        (state, event, at) => (holds(event) ? reducer(state, event, at) : state),
        () => ["filter", reducer]
      )
    ),
    sources: sources && mapValues(sources, (source) => filtered(source, holds))
  })
}

export type EventMap = (event: MetricEvent) => MetricEvent | undefined

/** A metric of the events of another family, each mapped to one that it reads. */
export const mapped = (self: Any, events: Family, map: EventMap): Any => through(self, events, lastResult(map))

const through = (self: Any, events: Family, map: EventMap): Any => {
  const { instrument, sources } = self
  if (instrument !== undefined) return remake(self, { events, instrument: mappedInstrument(instrument, events, map) })
  const reducer: Any["reduce"][string] = made(
    (state, event, at) => {
      const own = map(event)
      return own === undefined ? state : reduce(self, state, own, at)
    },
    () => ["mapEvents", inner(self)]
  )
  return remake(self, {
    events,
    reduce: Object.fromEntries(tagsOf(events).map((tag) => [tag, reducer])),
    sources: sources && mapValues(sources, (source) => through(source, events, map))
  })
}

const mappedInstrument = (instrument: Instrument, events: Family, map: EventMap): Instrument => {
  const mappedSource = (source: Source): Source =>
    made(
      (event: MetricEvent, at: number) => {
        const own = map(event)
        return own === undefined ? undefined : sourceValue(source, own, at)
      },
      () => ["mapEvents", source]
    )
  return {
    ...instrument,
    tags: tagsOf(events),
    filter: made(
      (event: MetricEvent) => {
        const own = map(event)
        return own !== undefined && instrument.tags.includes(own._tag) && (instrument.filter?.(own) ?? true)
      },
      () => ["mapEvents", instrument.tags, instrument.filter]
    ),
    value: instrument.value === undefined ? undefined : mappedSource(instrument.value),
    labels: instrument.labels.map(([name, source]) => [name, mappedSource(source)]),
    settings: mappedExemplar(instrument.settings, mappedSource)
  }
}

/** An instrument maps the same event several times in a row. */
const lastResult = <A extends object, B>(f: (value: A) => B): ((value: A) => B) => {
  let last: { readonly value: WeakRef<A>; readonly result: B } | undefined
  return (value) => {
    if (last?.value.deref() !== value) last = { value: new WeakRef(value), result: f(value) }
    return last!.result
  }
}
