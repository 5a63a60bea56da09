// The reader of a stream by itself: where it is while it passes on a row, and what it does not take for granted.
import { expect, it } from "@effect/vitest"
import { Schema } from "effect"
import type { Attachment } from "../../src/internal/stream/commands.ts"
import { RowReader } from "../../src/internal/stream/reader.ts"
import { layoutOf } from "../../src/internal/stream/rows/layout.ts"
import { PageBytes, setRead } from "../../src/internal/stream/rows/page.ts"
import type { StreamHandler } from "../../src/internal/stream/streamHandler.ts"
import { RowWriter } from "../../src/internal/stream/writer.ts"
import type { MetricEvent } from "../../src/MetricEvent.ts"
import { rowSource } from "../support/rowSource.ts"

const none = (): void => {}

const readerTo = (handler: Partial<StreamHandler>): RowReader =>
  new RowReader(
    {
      ...{ command: none, event: none, foreignEvents: none, layout: none, read: none, rows: none, skip: none },
      ...handler
    },
    setRead
  )

/** Writes to these readers. */
const writerTo = (
  readers: ReadonlyArray<RowReader>,
  change: (attachment: Attachment) => Attachment = (attachment) => attachment
): RowWriter => {
  const writer = new RowWriter(
    {
      pagesInTurn: { least: 0, most: 0 },
      fixedMemory: false,
      allocate: (bytes) => new ArrayBuffer(bytes),
      opened: (first, buffer) => {
        for (const reader of readers) reader.memory(first, buffer)
      },
      attach: (attachments) => {
        for (const reader of readers) reader.attach(attachments.map(change))
      },
      rouse: none,
      letSleep: none,
      wake: none,
      turned: none,
      soon: none
    },
    PageBytes,
    true
  )
  writer.give(0)
  return writer
}

const source = rowSource(7)
const other = { _tag: "other", list: [1] } as MetricEvent

it("a row is passed on from the position behind it, so that what is saved then includes the row", () => {
  const passed: Array<readonly [string, number]> = []
  const pass = (row: string) => (): void => void passed.push([row, reader.position])
  const reader = readerTo({
    command: pass("command"),
    event: pass("event"),
    foreignEvents: pass("foreign events"),
    read: pass("read"),
    rows: pass("rows"),
    skip: pass("skip")
  })
  const writer = writerTo([reader])
  const written: typeof passed = []
  const write = (row: string, action: () => unknown): void => {
    expect(action()).not.toBe(false)
    writer.publish(false)
    written.push([row, writer.position])
  }
  const encoder = writer.encoder(layoutOf("saved", Schema.Struct({ size: Schema.Number }).ast)!)!
  write("rows", () => encoder.write(source, { _tag: "saved", size: 1 } as MetricEvent))
  write("event", () => writer.writeEvent(source, other, "other", false))
  write("foreign events", () => writer.foreignEvent(source))
  write("skip", () => writer.skip(7, 12))
  write("read", () => writer.ask({ _tag: "Read", lane: 7, request: 1, what: "snapshots", now: 0, names: ["saved"] }))
  write("command", () => writer.command({}))
  reader.read(10)
  expect(passed).toEqual(written)
})

it("a command is not taken for the one of another place", () => {
  const reader = readerTo({})
  const writer = writerTo([reader], (attachment) => ({ ...attachment, at: attachment.at + 1 }))
  writer.command({})
  expect(() => reader.read(1)).toThrow("does not belong to")
})

it("a reader that takes over goes on with the time of the rows before", () => {
  const times: Array<number> = []
  const first = readerTo({})
  const second = readerTo({ event: (_lane, _event, time) => void times.push(time) })
  const writer = writerTo([first])
  const write = (time: number): void => {
    writer.give(time)
    writer.writeEvent(source, other, "other", false)
    writer.publish(false)
  }
  write(5)
  first.read(1)
  second.restore(first.place, first.save(), writer.dictionary.strings, first.nameLists)
  second.memory(0, first.i32.buffer)
  write(5)
  write(6)
  second.read(1)
  expect(times).toEqual([5, 6])
})

it("the pages for events are those of the first memory", () => {
  const reader = readerTo({})
  reader.memory(0, new ArrayBuffer(4 * PageBytes))
  reader.memory(4, new ArrayBuffer(PageBytes))
  expect(reader.pages).toBe(4)
})
