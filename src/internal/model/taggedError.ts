/** The base of the typed errors. */
import * as Formatter from "effect/Formatter"
import { NodeInspectSymbol } from "effect/Inspectable"
import * as Schema from "effect/Schema"

/** What `console.error` shows: the message, which says what to do, and where the error happened. */
function printed(this: Error & { toJSON(): unknown }): string {
  return `${this.stack} ${Formatter.format(this.toJSON(), { space: 2 })}`
}

/** `Schema.TaggedError` prints only the fields of an error. This one also prints the message and the stack. */
export const TaggedError: typeof Schema.TaggedError =
  () =>
  (...parts: [tag: string, fields: Schema.Struct.Fields]) => {
    // biome-ignore lint/suspicious/noExplicitAny: what it extends is typed by the annotation above.
    const made: any = Schema.TaggedError<any>()(...parts)
    Object.defineProperty(made.prototype, NodeInspectSymbol, { value: printed })
    return made
  }
