/** The reads of a lane that are in progress. Each is as of its place in the stream, and is made and sent in slices. */
import { type AnswerPart, FewEntries, PartValues, splitAnswer, valuesIn } from "../stream/answerParts.ts"
import type { Lane, ReadCommand } from "../stream/commands.ts"
import type { LaneMessage, ReadPart } from "../stream/foldMessages.ts"
import type { Steps } from "../util/steps.ts"
import type { FoldOfLanes } from "./foldOfLanes.ts"
import type { LaneMetrics } from "./laneMetrics.ts"
import { type CutRead, knownReads } from "./metricReads.ts"
import type { SavedPart, SavedRead } from "./savedLane.ts"
import type { Work, WorkSteps } from "./slices.ts"

interface Reading {
  readonly command: ReadCommand
  readonly read: CutRead
  work: Work | undefined
}

/** `sendCopies`: whether long values are sent in parts. */
type ReadFold = Pick<FoldOfLanes, "awaits" | "reads" | "room" | "send" | "sendCopies" | "work">

export class LaneReads {
  readonly #lane: Lane
  readonly #fold: ReadFold
  /** By request. Allocated when a read takes more than a slice. */
  #readings: Map<number, Reading> | undefined

  constructor(lane: Lane, fold: ReadFold) {
    this.#lane = lane
    this.#fold = fold
  }

  /** Reads metrics as they are now. `sequence`: of the last event. */
  read(command: ReadCommand, metrics: LaneMetrics, sequence: number): void {
    const { reads, sendCopies } = this.#fold
    reads.make(() => {
      const brief = metrics.readBriefly(command, sequence, sendCopies)
      if (brief === undefined) this.begin(command, metrics.read(command, sequence, sendCopies))
      else this.#answer(command, brief)
    })
  }

  /** Answers in this call, unless the answer is long, or much is on its way. */
  #answer(command: ReadCommand, read: ReadonlyArray<ReadPart>): void {
    const { room, send, sendCopies } = this.#fold
    const values = sendCopies ? valuesIn(read, FewEntries) : 0
    if (values >= FewEntries || room.isFull) return this.begin(command, knownReads(read))
    room.sent(values)
    send({ _tag: "Answer", lane: this.#lane, request: command.request, read, values })
  }

  begin(command: ReadCommand, read: CutRead): void {
    const reading: Reading = { command, read, work: undefined }
    this.#readings ??= new Map()
    this.#readings.set(command.request, reading)
    reading.work = this.#fold.work.begin(this.#answering(reading))
  }

  *#answering(reading: Reading): WorkSteps {
    const { request } = reading.command
    try {
      yield* this.#answers(reading, request)
    } finally {
      reading.read.release()
      this.#readings?.delete(request)
      if (this.#readings?.size === 0) this.#readings = undefined
    }
  }

  /** If answers are copied, long values are sent before the answer. */
  *#answers(reading: Reading, request: number): WorkSteps {
    const { awaits, sendCopies } = this.#fold
    const send = (part: AnswerPart, values: number): WorkSteps =>
      this.#send(reading, { _tag: "Part", lane: this.#lane, request, part, values }, values)
    let read: Array<ReadPart> = []
    let values = 0
    let from = 0
    for (const { steps } of reading.read.metrics) {
      let step = steps.next()
      for (; step.done !== true; step = steps.next()) {
        yield
        if (awaits?.(this.#lane, request) === false) return
      }
      if (step.value === undefined) continue
      if (!sendCopies) {
        read.push(step.value)
        continue
      }
      const left = (yield* splitAnswer(step.value, [`${from + read.length}`], send)) as ReadPart
      read.push(left)
      values += valuesIn(left, PartValues)
      if (values < PartValues) continue
      yield* send({ path: [], from, entries: read, names: undefined }, values)
      from += read.length
      read = []
      values = 0
    }
    yield* this.#send(reading, { _tag: "Answer", lane: this.#lane, request, read, values }, values)
  }

  *#send(reading: Reading, message: LaneMessage, values: number): WorkSteps {
    const { room, send, sendCopies } = this.#fold
    while (room.isFull) {
      room.wait(() => reading.work?.goOn())
      yield "wait"
    }
    if (sendCopies) room.sent(values)
    send(message)
    if (message._tag === "Part") yield
  }

  /** Drops the rest of an answer that is no longer wanted. */
  drop(request: number): void {
    this.#readings?.get(request)?.work?.drop()
  }

  /** The reads that a replacement fold must answer, as they are in this call. */
  saving(): Steps<ReadonlyArray<SavedRead>> {
    const readings = Array.from(
      this.#readings?.values() ?? [],
      ({ command, read }) => [command, read.metrics.map(({ save }) => save())] as const
    )
    return (function* () {
      const reads: Array<SavedRead> = []
      for (const [command, saving] of readings) {
        const parts: Array<SavedPart> = []
        for (const part of saving) parts.push(yield* part)
        reads.push({ command, parts })
      }
      return reads
    })()
  }

  /** Closes the lane: nothing is awaited any more. */
  close(): void {
    for (const { work } of [...(this.#readings?.values() ?? [])]) work?.drop()
  }
}
