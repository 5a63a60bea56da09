/** The location of a runtime's state. */
import { join } from "node:path"
import type { DurableSettings } from "../stream/workerMessages.ts"

export const keyOf = (namespace: string): string => `mvx-metrics.${namespace}`

export const fileOf = (directory: string, key: string): string => join(directory, `${encodeURIComponent(key)}.state`)

/** For people. */
export const placeOf = ({ directory, namespace }: Pick<DurableSettings, "directory" | "namespace">): string =>
  directory === undefined ? keyOf(namespace) : fileOf(directory, keyOf(namespace))

export const lockOf = (directory: string, namespace: string): string => `${fileOf(directory, keyOf(namespace))}.lock`

export const instanceOf = (directory: string, namespace: string): string =>
  `${fileOf(directory, keyOf(namespace))}.instance`
