/** Checks the labels that all series get. */
import { type Check, isRecord } from "../model/optionChecks.ts"

const LabelName = /^[a-zA-Z_][a-zA-Z0-9_]*$/

/** Labels that metrics have, or get from Prometheus, which must not be replaced. */
const taken: ReadonlyArray<string> = ["job", "recorder", "namespace", "le", "quantile", "duplicate"]

/** `job`: where that label comes from. */
export const labelsCheck =
  (job: string): Check =>
  (value) => {
    if (!isRecord(value)) return "must be an object of strings by name"
    for (const [name, text] of Object.entries(value)) {
      if (!LabelName.test(name) || name.startsWith("__")) {
        return `has the label ${JSON.stringify(name)}. Names of labels are letters, digits and _, and do not begin with a digit or __`
      }
      if (taken.includes(name)) return `has the label "${name}", which ${name === "job" ? job : "the metrics have"}`
      if (typeof text !== "string") return `has the label "${name}", whose value must be a string`
    }
    return undefined
  }
