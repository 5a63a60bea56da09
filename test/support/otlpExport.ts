/** Shared code of the tests of exports to a collector. */
import { Effect } from "effect"
import { OtlpExporter } from "effect/observability"
import * as Otlp from "mvx-metrics/Otlp"

export const encodings = { json: Otlp.layerJson, protobuf: Otlp.layerProtobuf } as const

export const flush = Effect.flatMap(OtlpExporter.Flusher, (flusher) => flusher.flush)

/** A time in the form of OTLP. */
export const nanos = (millis: number): string => String(BigInt(millis) * 1_000_000n)
