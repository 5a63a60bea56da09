import { bundlers } from "./bundlers.ts"
import { servers } from "./servers.ts"
import type { Setup } from "./setup.ts"

export const all: ReadonlyArray<Setup> = [...servers, ...bundlers]
