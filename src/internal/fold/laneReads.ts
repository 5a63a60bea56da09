/**
 * The reads of a lane that are under way: each is of the moment when it was its turn, and is made and sent in slices.
 */
import { splitAnswer } from "../stream/answerParts.ts"
import type { Lane, LaneMessage, ReadCommand, ReadPart } from "../stream/protocol.ts"
import type { WaitingSteps } from "../util/steps.ts"
import type { CutRead } from "./laneMetrics.ts"
import type { Work, WorkSteps, Worktable } from "./slices.ts"

/** Parts that are on their way: one is received while the next one is made. */
const PartsOnWay = 2

interface Reading {
  readonly command: ReadCommand
  work: Work | undefined
  onWay: number
}

interface ReadFold {
  readonly send: (message: LaneMessage) => void
  /** Whether `send` copies: what is long is sent in parts then. */
  readonly sendCopies: boolean
  readonly work: Worktable
}

export class LaneReads {
  readonly #lane: Lane
  readonly #fold: ReadFold
  /** By request. Made when a read takes more than a slice. */
  #readings: Map<number, Reading> | undefined

  constructor(lane: Lane, fold: ReadFold) {
    this.#lane = lane
    this.#fold = fold
  }

  begin(command: ReadCommand, read: CutRead): void {
    const reading: Reading = { command, work: undefined, onWay: 0 }
    this.#readings ??= new Map()
    this.#readings.set(command.request, reading)
    reading.work = this.#fold.work.begin(this.#answer(reading, read))
  }

  *#answer(reading: Reading, { metrics, release }: CutRead): WorkSteps {
    const { request } = reading.command
    const lane = this.#lane
    try {
      const read: Array<ReadPart> = []
      for (const steps of metrics) {
        const part = yield* steps
        if (part === undefined) continue
        read.push(this.#fold.sendCopies ? ((yield* this.#split(reading, part, read.length)) as ReadPart) : part)
      }
      this.#fold.send({ _tag: "Answer", lane, request, read })
    } finally {
      release()
      this.#readings?.delete(request)
      if (this.#readings?.size === 0) this.#readings = undefined
    }
  }

  #split(reading: Reading, part: ReadPart, of: number): WaitingSteps<unknown> {
    const { request } = reading.command
    const lane = this.#lane
    const { send } = this.#fold
    return splitAnswer(part, of, function* (part) {
      while (reading.onWay >= PartsOnWay) yield "wait"
      reading.onWay++
      send({ _tag: "Part", lane, request, part })
      yield
    })
  }

  taken(request: number, isWanted: boolean): void {
    const reading = this.#readings?.get(request)
    if (reading === undefined) return
    if (!isWanted) return reading.work?.drop()
    reading.onWay--
    reading.work?.goOn()
  }

  /** Those that another fold would owe. */
  get underWay(): ReadonlyArray<ReadCommand> {
    return Array.from(this.#readings?.values() ?? [], ({ command }) => command)
  }

  /** Nobody waits any more. */
  close(): void {
    for (const { work } of [...(this.#readings?.values() ?? [])]) work?.drop()
  }
}
