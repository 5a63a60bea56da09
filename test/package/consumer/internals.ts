// Modules that are not in `exports` can be neither imported nor typed.
const tried: ReadonlyArray<() => Promise<unknown>> = [
  // @ts-expect-error: closed
  () => import("mvx-metrics/internal/fold"),
  // @ts-expect-error: closed
  () => import("mvx-metrics/dist/internal/fold/fold.js"),
  // @ts-expect-error: closed
  () => import("mvx-metrics/dist/workerEntry.js"),
  // @ts-expect-error: closed
  () => import("mvx-metrics/dist/index.js"),
  // @ts-expect-error: closed
  () => import("mvx-metrics/src/internal/fold/fold.ts")
]

for (const load of tried) {
  console.log(
    await load().then(
      () => "was imported",
      (error) => error.code
    )
  )
}
