// A second family and metric, in a separate module: the number of bytes of saved documents.
import { Schema } from "effect"
import { Metric } from "mvx-metrics"

export const DocumentFolderEvent = Schema.TaggedUnion({
  "document_storage.document.saved": { bytes: Schema.Number }
})

export const SavedBytes = Metric.make("document_storage.saved.bytes", {
  events: DocumentFolderEvent,
  unit: "By",
  initial: { sum: 0 },
  reduce: {
    "document_storage.document.saved": (state, { bytes }) => ({ sum: state.sum + bytes })
  }
})

export const FolderMetrics = Metric.module(import.meta.url, [SavedBytes])
