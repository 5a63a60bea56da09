/** Reports the accounting of recorders to the fold, for those whose numbers have changed. */

import { packStats } from "../formats/packedStats.ts"
import type { Link } from "../link/link.ts"
import type { RecorderControl } from "../recorder/control.ts"

export class ToldAccounts {
  readonly #link: Link
  readonly #told = new Map<string, Float64Array>()

  constructor(link: Link) {
    this.#link = link
    link.onRestart(({ _tag }) => {
      // The replacement knows none of them.
      if (_tag === "Restarted") this.#told.clear()
    })
  }

  tell(controls: ReadonlyArray<RecorderControl>): void {
    const changed = controls.filter((control) => {
      const { recorderId } = control.service
      const row = packStats([control.statsUnsafe()])
      const before = this.#told.get(recorderId)
      this.#told.set(recorderId, row)
      return before === undefined || row.some((number, i) => number !== before[i])
    })
    if (changed.length === 0) return
    const recorderIds = changed.map(({ service }) => service.recorderId)
    this.#link.store.send({
      _tag: "Accounts",
      recorderIds,
      stats: packStats(changed.map((control) => control.statsUnsafe()))
    })
  }

  /** The last report about a recorder that is about to be removed. */
  tellLast(control: RecorderControl): void {
    this.tell([control])
    this.#told.delete(control.service.recorderId)
  }
}
