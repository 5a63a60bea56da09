/** The standing of a source, as one letter in what servers store. `R` means retired. */
import type { SourceWrite } from "./stateStore.ts"

type Standing = Pick<SourceWrite, "hasEnded" | "isLasting">

export const stateOf = ({ hasEnded, isLasting }: Standing): string => {
  const state = hasEnded ? "E" : "L"
  return isLasting ? state.toLowerCase() : state
}

export const standing = (state: string): Standing => ({
  hasEnded: state.toUpperCase() === "E",
  isLasting: state !== state.toUpperCase()
})
