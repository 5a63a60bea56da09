/**
 * The metrics of a scrape in the format that is asked for.
 */
import type { ExpositionRendering } from "../../model/format.ts"
import type { Pieces } from "../../util/pieces.ts"
import type { Steps } from "../../util/steps.ts"
import type { MetricData } from "../metricData.ts"
import type { Source } from "./families.ts"
import { ProtobufExposition } from "./protobuf.ts"
import { RemoteWriteExposition } from "./remoteWrite.ts"
import { Exposition } from "./text.ts"

export interface AnyExposition {
  /** Adds data. When this throws, nothing was added. */
  readonly add: (data: MetricData, source?: Source) => void
  /** The whole. Of remote write, each piece is a request. */
  readonly finish: () => Steps<Pieces>
}

/** `now`: the time of samples that have one. */
export const makeExposition = (rendering: ExpositionRendering, now: number): AnyExposition => {
  if (rendering.format === "remote-write") return new RemoteWriteExposition({ ...rendering, now })
  const { names, reserved = [] } = rendering
  if (rendering.format === "protobuf") return new ProtobufExposition(rendering.maxSchema, reserved, names)
  return new Exposition(rendering.format, reserved, names)
}
