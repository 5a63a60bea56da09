/** What tells apart the processes of one service, and what they go on from. */
import * as Effect from "effect/Effect"
import type { Log } from "../recorder/logging.ts"
import { messageOf } from "../util/describeError.ts"

let own: string | undefined

/** The same for all runtimes of the process, as they are one instance of the service. */
export const processInstance: Effect.Effect<string> = Effect.sync(() => {
  own ??= crypto.randomUUID()
  return own
})

/** Of a runtime whose state lies in a folder: that of the processes before, which counted in the same series. */
export const folderInstance = (directory: string, namespace: string, log: Log): Effect.Effect<string> =>
  Effect.flatMap(processInstance, (made) =>
    Effect.tryPromise({
      try: async () => {
        const { instanceIn } = await import("../durable/lockedFolder.ts")
        return instanceIn(directory, namespace, made)
      },
      catch: messageOf
    }).pipe(
      Effect.catch((reason) =>
        Effect.as(log.warning(`service.instance.id will change at the next restart: ${reason}`), made)
      )
    )
  )
