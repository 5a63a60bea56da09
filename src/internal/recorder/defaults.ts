/** The defaults of a recorder that a runtime makes. A recorder made alone has the overflow policy `fail`. */
export const recorderDefaults = {
  capacity: 10_000,
  overflow: "drop-newest",
  backpressureTimeout: "30 seconds",
  logging: "normal",
  shutdownTimeout: "10 seconds",
  waitTimeout: "30 seconds"
} as const
