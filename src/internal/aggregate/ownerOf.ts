import { murmur3 } from "../util/murmur3.ts"

/**
 * The aggregator that a source is assigned to. When an aggregator joins or leaves, only its own sources are reassigned.
 * `undefined`: there is no aggregator.
 */
export const ownerOf = (source: string, owners: ReadonlyArray<string>): string | undefined => {
  let best: { readonly owner: string; readonly weight: number } | undefined
  for (const owner of owners) {
    const weight = murmur3(JSON.stringify([owner, source]), 0).high >>> 0
    if (best === undefined || weight > best.weight || (weight === best.weight && owner > best.owner)) {
      best = { owner, weight }
    }
  }
  return best?.owner
}
