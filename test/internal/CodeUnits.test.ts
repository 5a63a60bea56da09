import { expect, it } from "@effect/vitest"
import { textOfUnits } from "../../src/internal/util/codeUnits.ts"

const texts = [
  "",
  "a",
  "\u00e9",
  "\ufeffafter a mark",
  "\ud83d\ude00",
  "\ud800 alone",
  "alone \udc00",
  "\0",
  "x\uffff".repeat(5000)
]

it.each(texts.map((text) => [JSON.stringify(text.slice(0, 20)), text] as const))(
  "the code units of %s decode to its text",
  (_, text) => {
    for (const Memory of [ArrayBuffer, SharedArrayBuffer]) {
      // Within a larger memory, as in a page.
      const all = new Uint16Array(new Memory(2 * text.length + 32)).fill(0x41)
      const units = all.subarray(8, 8 + text.length)
      for (let i = 0; i < text.length; i++) units[i] = text.charCodeAt(i)
      expect(textOfUnits(units) === text).toBe(true)
    }
  }
)
