import type { Check } from "../model/optionChecks.ts"
import { isDefinition } from "./definition/define.ts"
import { isMetricSet } from "./metricSet.ts"

export const metricsAndSets: Check = (value) =>
  Array.isArray(value) && value.every((each) => isDefinition(each) || isMetricSet(each))
    ? undefined
    : "must be an array of metrics and sets of metrics"
