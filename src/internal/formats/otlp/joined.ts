import type { Steps } from "../../util/steps.ts"

/** Bytes that are copied in one step. */
const StepBytes = 1 << 18

/** Parts of a request as one. */
export function* joined<Memory extends Uint8Array>(
  parts: ReadonlyArray<Uint8Array>,
  allocate: (length: number) => Memory
): Steps<Memory> {
  const whole = allocate(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  let copied = 0
  for (const part of parts) {
    for (let from = 0; from < part.length; from += StepBytes) {
      const bytes = part.subarray(from, from + StepBytes)
      if (copied + bytes.length > StepBytes) {
        yield
        copied = 0
      }
      whole.set(bytes, at + from)
      copied += bytes.length
    }
    at += part.length
  }
  return whole
}
