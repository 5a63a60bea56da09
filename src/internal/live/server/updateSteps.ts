/** Writes an update for {@link ../model/update.ts}, a part in each step, because it may have very many series. */
import { allSteps, type Steps } from "../../util/steps.ts"
import type { LiveData, LiveMetric, LiveRecorder } from "../model/update.ts"

/** The number of series written in a step. */
const SeriesAtOnce = 512

/** Each recorder on a line of its own. */
export function* updateSteps({ recorders, ...head }: LiveData): Steps<string> {
  let text = `${opened(head)}"recorders":[\n`
  for (const [i, recorder] of recorders.entries()) text += (i === 0 ? "" : ",\n") + (yield* recorderSteps(recorder))
  return `${text}\n]}`
}

/** The same at once. */
export const updateLines = (data: LiveData): string => allSteps(updateSteps(data))

function* recorderSteps({ metrics, ...recorder }: LiveRecorder): Steps<string> {
  let text = `${opened(recorder)}"metrics":[`
  for (const [i, metric] of metrics.entries()) {
    text += (i === 0 ? "" : ",") + (yield* metricSteps(metric))
    yield
  }
  return `${text}]}`
}

function* metricSteps({ dimensions, ...metric }: LiveMetric): Steps<string> {
  const { series, ...rest } = Object(dimensions) as { readonly series?: unknown }
  if (!Array.isArray(series) || series.length <= SeriesAtOnce) return JSON.stringify({ ...metric, dimensions })
  let text = `${opened(metric)}"dimensions":${opened(rest)}"series":[`
  for (let from = 0; from < series.length; from += SeriesAtOnce) {
    text += (from === 0 ? "" : ",") + JSON.stringify(series.slice(from, from + SeriesAtOnce)).slice(1, -1)
    yield
  }
  return `${text}]}}`
}

/** The JSON of an object that has more fields than these. */
const opened = (object: object): string => {
  const json = JSON.stringify(object).slice(0, -1)
  return json === "{" ? json : `${json},`
}
