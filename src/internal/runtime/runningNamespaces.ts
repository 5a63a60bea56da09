/** The number of running runtimes per namespace in this process. */
const running = new Map<string, number>()

/**
 * Counts a runtime that has started. `isShared`: another one of its namespace is running, for example because a layer
 * is built once for each of several services, which is a mistake.
 */
export const claimNamespace = (namespace: string): { readonly isShared: boolean; readonly release: () => void } => {
  const others = running.get(namespace) ?? 0
  running.set(namespace, others + 1)
  const release = (): void => {
    const left = running.get(namespace)! - 1
    if (left === 0) running.delete(namespace)
    else running.set(namespace, left)
  }
  return { isShared: others > 0, release }
}

/** The warning about that. */
export const namespaceShared =
  "another runtime of this namespace runs in this process, with recorders of its own. Build MetricsLayer once and provide that one layer to all, or give the runtimes different namespaces"
