/**
 * The labels of an exemplar, which OpenMetrics allows so many characters.
 */
import type { Exemplar } from "../../metric/instruments/exemplars.ts"
import { escapeLabelValue, type LabelPair, wellFormed } from "./labels.ts"
import { numberText } from "./numbers.ts"

/** Most characters of the names and values of its labels. */
const MostCharacters = 128

const lengthOf = (labels: ReadonlyArray<LabelPair>): number =>
  labels.reduce((length, [name, value]) => length + [...name].length + [...value].length, 0)

/** `undefined` where they are too long. The id of the span goes first. */
export const exemplarLabels = ({ spanId, traceId }: Exemplar): ReadonlyArray<LabelPair> | undefined => {
  const trace: LabelPair = ["trace_id", wellFormed(traceId)]
  const all = spanId === undefined ? [trace] : [trace, ["span_id", wellFormed(spanId)] as const]
  return [all, [trace]].find((each) => lengthOf(each) <= MostCharacters)
}

/** As it stands behind the sample it is an example of. Empty where there is no room for it. */
export const exemplarText = (exemplar: Exemplar, value: number): string => {
  const labels = exemplarLabels(exemplar)
  if (labels === undefined) return ""
  const text = labels.map(([name, label]) => `${name}="${escapeLabelValue(label)}"`).join()
  return ` # {${text}} ${numberText(value)} ${numberText(exemplar.at / 1000)}`
}
