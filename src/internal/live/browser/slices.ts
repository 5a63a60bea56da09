/**
 * Work that is longer than a frame, in pieces: a frame is drawn after each.
 */

/** Milliseconds of a frame, which has 16, that a piece may take. */
const Most = 6

/** How long a page that is looked at waits for its next frame. */
const Patience = 100

/** The next frame, or at once where nothing is drawn. */
const nextFrame = (): Promise<void> =>
  new Promise((resolve) => {
    if (document.hidden) {
      // Timers of pages in the background wait for a second.
      const { port1, port2 } = new MessageChannel()
      port1.onmessage = () => {
        port1.close()
        resolve()
      }
      port2.postMessage(undefined)
      return
    }
    const patience = setTimeout(resolve, Patience)
    requestAnimationFrame(() => {
      clearTimeout(patience)
      // Behind the drawing of this frame.
      setTimeout(resolve)
    })
  })

/** Runs all steps. */
export const inSlices = async (steps: Iterable<void>): Promise<void> => {
  let from = performance.now()
  for (const _ of steps) {
    if (performance.now() - from < Most) continue
    await nextFrame()
    from = performance.now()
  }
}
