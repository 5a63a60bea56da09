/**
 * An exemplar as OpenMetrics has it, behind the sample it is an example of.
 */
import type { Exemplar } from "../../metric/instruments/exemplars.ts"
import { escapeLabelValue } from "./labels.ts"
import { numberText } from "./numbers.ts"

/** Most characters of the names and values of its labels. */
const MostCharacters = 128

const lengthOf = (labels: ReadonlyArray<readonly [string, string]>): number =>
  labels.reduce((length, [name, value]) => length + [...name].length + [...value].length, 0)

/** Empty where it is too long for the format. The id of the span goes first. */
export const exemplarText = ({ at, spanId, traceId }: Exemplar, value: number): string => {
  const trace = ["trace_id", traceId] as const
  const all = spanId === undefined ? [trace] : [trace, ["span_id", spanId] as const]
  const labels = [all, [trace]].find((each) => lengthOf(each) <= MostCharacters)
  if (labels === undefined) return ""
  const text = labels.map(([name, label]) => `${name}="${escapeLabelValue(label)}"`).join()
  return ` # {${text}} ${numberText(value)} ${numberText(at / 1000)}`
}
