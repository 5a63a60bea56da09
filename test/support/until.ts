/**
 * Waits until another thread has brought about a condition. It checks once per millisecond: checking in each turn of
 * the event loop would keep a core busy, which that thread may need.
 */
export const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 1))
}
