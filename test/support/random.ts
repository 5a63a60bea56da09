/** Numbers below `most`, the same for the same seed. */
export const randomOf = (seed: number) => {
  let state = seed + 1
  return (most: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return (state >>> 8) % most
  }
}
