/**
 * The typed errors. Each names its subject and the fix. Each is a real `Error` with a `_tag`, which is the name of its
 * class with the prefix `mvx-metrics/`.
 *
 * @since 0.2.0
 */
export * from "./internal/model/exportErrors.ts"
export * from "./internal/model/recorderErrors.ts"
export * from "./internal/model/registerErrors.ts"
export * from "./internal/model/runtimeErrors.ts"
export * from "./internal/model/usageErrors.ts"
