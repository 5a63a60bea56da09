/** Files named on the command line, and why one cannot be read. */
import type * as CliError from "effect/cli/CliError"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import * as Stdio from "effect/Stdio"
import { messageOf } from "../internal/util/describeError.ts"
import { failed } from "./escapeControls.ts"

/** `-` is the standard input. */
export const bytesOf = Effect.fnUntraced(function* (file: string) {
  const { stdin } = yield* Stdio.Stdio
  const files = yield* FileSystem.FileSystem
  return file === "-" ? stdin : files.stream(file)
})

const reasonOf = ({ cause, message, reason }: PlatformError): string => {
  if (reason._tag === "NotFound") return "there is no such file"
  if (reason._tag === "PermissionDenied") return "you are not allowed to read it"
  return (cause as NodeJS.ErrnoException | undefined)?.code === "EISDIR" ? "it is a directory" : message
}

export const cannotRead = (path: string, cause: PlatformError): CliError.UserError =>
  failed(`${path === "-" ? "the standard input" : path} cannot be read: ${messageOf(reasonOf(cause))}`, cause)
