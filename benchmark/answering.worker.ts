/** A worker that answers in a word of shared memory. Without a question for a while it rests. */
import { workerData } from "node:worker_threads"
import { Answered, Asked } from "./lineTransfer.ts"

const words = workerData as Int32Array

/** Looks before it rests. */
const Looks = 1_000_000

/** Who was held up by the system between two questions, for so long that this one rests, does not wake it. */
const LongestRestMillis = 100

for (let seen = 0, looks = 0; ; looks++) {
  const asked = Atomics.load(words, Asked)
  if (asked < 0) break
  if (asked !== seen) {
    seen = asked
    looks = 0
    Atomics.store(words, Answered, asked)
  } else if (looks > Looks) Atomics.wait(words, Asked, seen, LongestRestMillis)
}
