/**
 * Which runtimes are shown where. The attribute `namespace` distinguishes runtimes, so two runtimes with one namespace
 * would look like one.
 */
import { NamespaceTaken } from "../model/exportErrors.ts"
import type { RuntimeService } from "../runtime/service.ts"

const inObjects = new WeakMap<object, Set<string>>()
const inPlaces = new Map<string, Set<string>>()

/**
 * Claims the namespace of a runtime in a registry, on a meter, or at a collector, and returns the function that
 * releases it. Throws `NamespaceTaken`. `place`: its name for people.
 */
export const takeNamespace = (place: string, target: object | string, { namespace }: RuntimeService): (() => void) => {
  const known = typeof target === "string" ? inPlaces.get(target) : inObjects.get(target)
  if (known?.has(namespace)) throw new NamespaceTaken({ namespace, place })
  const taken = known ?? new Set<string>()
  taken.add(namespace)
  if (typeof target === "string") inPlaces.set(target, taken)
  else inObjects.set(target, taken)
  return () => {
    taken.delete(namespace)
    if (typeof target === "string" && taken.size === 0 && inPlaces.get(target) === taken) inPlaces.delete(target)
  }
}
