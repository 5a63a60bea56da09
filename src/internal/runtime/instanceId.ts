/** Identifies the processes of one service, and what they continue from. */
import * as Effect from "effect/Effect"
import type { Log } from "../recorder/logging.ts"
import { messageOf } from "../util/describeError.ts"

let own: string | undefined

/** Shared by all runtimes of the process, because they are one instance of the service. */
export const processInstance: Effect.Effect<string> = Effect.sync(() => {
  own ??= crypto.randomUUID()
  return own
})

/** For a runtime with its state in a folder: the id of the earlier processes, which counted in the same series. */
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
