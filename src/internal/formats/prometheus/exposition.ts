/**
 * The metrics of a scrape in the format that is asked for.
 */
import type { Rendering } from "../../model/format.ts"
import type { MetricData } from "../metricData.ts"
import type { Source } from "./families.ts"
import { ProtobufExposition } from "./protobuf.ts"
import { Exposition } from "./text.ts"

export interface AnyExposition {
  /** Adds data. When this throws, nothing was added. */
  readonly add: (data: MetricData, source?: Source) => void
  readonly finish: () => Uint8Array<ArrayBuffer>
}

export const makeExposition = (rendering: Rendering): AnyExposition => {
  if (rendering.format === "protobuf") return new ProtobufExposition(rendering.maxSchema)
  const text = new Exposition(rendering.format)
  return {
    add: (data, source) => text.add(data, source),
    finish: () => new TextEncoder().encode(text.finish())
  }
}
