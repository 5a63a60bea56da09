/** A record with the same keys. Not by assignment, which would take `__proto__` for something else. */
export const mapValues = <A, B>(
  record: { readonly [key: string]: A },
  f: (value: A, key: string) => B
): { readonly [key: string]: B } =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, f(value, key)]))
