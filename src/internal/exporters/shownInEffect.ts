/**
 * What this package shows in registries of Effect, by the functions that they read it with: not to be shown twice where a
 * registry is shown beside a runtime.
 */
const ours = new WeakSet<object>()

export const shownByUs = <Get extends object>(get: Get): Get => {
  ours.add(get)
  return get
}

export const isShownByUs = (get: object): boolean => ours.has(get)
