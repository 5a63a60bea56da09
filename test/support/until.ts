/**
 * Waits until something is so that another thread brings about. It looks once in a millisecond: with each turn of the event
 * loop it would keep a core busy, which that thread may need.
 */
export const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 1))
}
