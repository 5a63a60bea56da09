/**
 * What this package shows in Effect registries, by the functions that read it, so that it is not shown twice when a
 * registry is shown in addition to a runtime.
 */
const ours = new WeakSet<object>()

export const shownByUs = <Get extends object>(get: Get): Get => {
  ours.add(get)
  return get
}

export const isShownByUs = (get: object): boolean => ours.has(get)
