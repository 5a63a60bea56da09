/**
 * Why a file cannot be read, in words for the one who named it.
 */
import type * as CliError from "effect/cli/CliError"
import type { PlatformError } from "effect/PlatformError"
import { messageOf } from "../internal/util/describeError.ts"
import { failed } from "./escapeControls.ts"

const reasonOf = ({ cause, message, reason }: PlatformError): string => {
  if (reason._tag === "NotFound") return "there is no such file"
  if (reason._tag === "PermissionDenied") return "you are not allowed to read it"
  return (cause as NodeJS.ErrnoException | undefined)?.code === "EISDIR" ? "it is a directory" : message
}

export const cannotRead = (path: string, cause: PlatformError): CliError.UserError =>
  failed(`${path === "-" ? "the standard input" : path} cannot be read: ${messageOf(reasonOf(cause))}`, cause)
