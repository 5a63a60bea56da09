/** The labels of an exemplar, whose total length OpenMetrics limits. */
import type { Exemplar } from "../../metric/instruments/exemplars.ts"
import { escapeLabelValue, type LabelPair, wellFormed } from "./labels.ts"
import { numberText } from "./numbers.ts"

/** The maximum length of the names and values of its labels, in characters. */
const MostCharacters = 128

const lengthOf = (labels: ReadonlyArray<LabelPair>): number =>
  labels.reduce((length, [name, value]) => length + [...name].length + [...value].length, 0)

/** `undefined` if they are too long. The span id is dropped first. */
export const exemplarLabels = ({ spanId, traceId }: Exemplar): ReadonlyArray<LabelPair> | undefined => {
  const trace: LabelPair = ["trace_id", wellFormed(traceId)]
  const all = spanId === undefined ? [trace] : [trace, ["span_id", wellFormed(spanId)] as const]
  return [all, [trace]].find((each) => lengthOf(each) <= MostCharacters)
}

/** The text after the sample that it belongs to. Empty if it does not fit. */
export const exemplarText = (exemplar: Exemplar, value: number): string => {
  const labels = exemplarLabels(exemplar)
  if (labels === undefined) return ""
  const text = labels.map(([name, label]) => `${name}="${escapeLabelValue(label)}"`).join()
  return ` # {${text}} ${numberText(value)} ${numberText(exemplar.at / 1000)}`
}
