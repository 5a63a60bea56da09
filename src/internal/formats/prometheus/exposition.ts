/** The metrics of a scrape in the requested format. */
import type { ExpositionRendering } from "../../model/format.ts"
import type { TakeMemory } from "../../util/pieces.ts"
import type { Steps } from "../../util/steps.ts"
import type { MetricData } from "../metricData.ts"
import type { Source } from "./families.ts"
import { ProtobufExposition } from "./protobuf.ts"
import { RemoteWriteExposition } from "./remoteWrite.ts"
import { Exposition } from "./text.ts"

export interface AnyExposition {
  /** Adds data. If this throws, nothing was added. */
  readonly add: (data: MetricData, source?: Source) => void
  /** The whole in memory. For remote write, each piece is a request. */
  readonly finish: () => Steps<ReadonlyArray<Uint8Array>>
}

/** `now`: the time of the read, and of samples that have one. `take`: allocates memory for long content. */
export const makeExposition = (rendering: ExpositionRendering, now: number, take?: TakeMemory): AnyExposition => {
  if (rendering.format === "remote-write") return new RemoteWriteExposition({ ...rendering, now })
  const { names, reserved = [] } = rendering
  const options = { now, reserved, names, take }
  if (rendering.format === "protobuf") return new ProtobufExposition(rendering.maxSchema, options)
  return new Exposition(rendering.format, options)
}
