/** Maps the values of a record. Plain assignment would treat `__proto__` specially. */
export const mapValues = <A, B>(
  record: { readonly [key: string]: A },
  f: (value: A, key: string) => B
): { readonly [key: string]: B } =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, f(value, key)]))
