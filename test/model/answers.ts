/** The answers of a recorder, in the terms of its model. */
import { expect } from "@effect/vitest"
import { Cause, Exit } from "effect"
import type { Overflow } from "mvx-metrics"
import type { Outcome } from "./RecorderModel.ts"

/** Events are taken by value. */
export const changeLater = (event: unknown): void => {
  if (event === null) return
  const { at, tags } = Object.assign(event as object, { n: -1, queue: "changed" }) as {
    readonly tags?: Array<string>
    readonly at?: { x: number }
  }
  tags?.push("changed")
  if (at !== undefined) at.x = -1
}

export const tagOf = (exit: Exit.Exit<unknown, unknown>): string | undefined =>
  Exit.isSuccess(exit) ? undefined : (Cause.squash(exit.cause) as { readonly _tag: string })._tag

export const answerOf = (exit: Exit.Exit<boolean, unknown>): boolean | string | undefined =>
  Exit.isSuccess(exit) ? exit.value : tagOf(exit)

export const answerFor = (outcome: Outcome, overflow: Overflow): boolean | string => {
  switch (outcome) {
    case "accepted":
    case "waits":
      return true
    case "overflow":
      return overflow === "fail" ? "mvx-metrics/QueueOverflow" : false
    case "invalid":
      return "mvx-metrics/InvalidArgument"
    case "notRunning":
      return "mvx-metrics/InvalidState"
  }
}

/** Their order is that of the registrations. */
export const expectSame = (read: object, expected: object): void => {
  expect(read).toEqual(expected)
  expect(Object.keys(read)).toEqual(Object.keys(expected))
}
