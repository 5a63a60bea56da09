import type { Overflow } from "mvx-metrics"

export const policies: ReadonlyArray<Overflow> = ["drop-newest", "drop-oldest", "backpressure", "fail"]
