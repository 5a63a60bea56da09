/**
 * The classes of the typed errors.
 */
import * as Formatter from "effect/Formatter"
import { NodeInspectSymbol } from "effect/Inspectable"
import * as Schema from "effect/Schema"

/** What `console.error` shows: the sentence that says what to do, and where it happened. */
function printed(this: Error & { toJSON(): unknown }): string {
  return `${this.stack} ${Formatter.format(this.toJSON(), { space: 2 })}`
}

/** `Schema.TaggedError`, whose errors print their fields alone, with the message and the stack as well. */
export const TaggedError: typeof Schema.TaggedError =
  () =>
  (...parts: [tag: string, fields: Schema.Struct.Fields]) => {
    // biome-ignore lint/suspicious/noExplicitAny: what it extends is typed by the annotation above.
    const made: any = Schema.TaggedError<any>()(...parts)
    Object.defineProperty(made.prototype, NodeInspectSymbol, { value: printed })
    return made
  }
