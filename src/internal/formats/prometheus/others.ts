/**
 * Data from elsewhere, which is shown beside that of a runtime. Nothing prevents two of its metrics from having one name
 * in Prometheus, so series of a family with equal labels are numbered.
 */
import { familyOf } from "../../naming/names.ts"
import { Duplicates, type DuplicatesRead } from "../duplicates.ts"
import type { MetricData } from "../metricData.ts"
import type { AnyExposition } from "./exposition.ts"
import type { Source } from "./families.ts"

export const addOthers = (exposition: AnyExposition, all: ReadonlyArray<MetricData>, source: Source): void => {
  const byFamily = new Map<string, DuplicatesRead>()
  for (const data of all) {
    const { name } = familyOf(data)
    const duplicates = byFamily.get(name) ?? new Duplicates().read()
    byFamily.set(name, duplicates)
    exposition.add(data, { ...source, duplicates })
  }
}
