/**
 * A private value of this package inside an object that users have. The token exposes nothing through its keys and
 * prototypes; only `read`, which users cannot reach, returns the value. Copies of the object carry the token like any
 * other value.
 */
interface Opaque<A extends object> {
  readonly tokenOf: (value: A) => object
  /** `undefined` if the value is not such a token. A mock returns something for any key. */
  readonly read: (token: unknown) => A | undefined
}

/** A kind of tokens, which cannot be confused with other kinds. */
export const opaque = <A extends object>(): Opaque<A> => {
  class Token {
    // A private field instead of a WeakMap, because there may be ten thousand of them.
    readonly #value: A

    constructor(value: A) {
      this.#value = value
      Object.freeze(this)
    }

    static read(token: unknown): A | undefined {
      return typeof token === "object" && token !== null && #value in token ? token.#value : undefined
    }
  }
  // It would expose `read`.
  Reflect.deleteProperty(Token.prototype, "constructor")
  Object.freeze(Token.prototype)
  return { tokenOf: (value) => new Token(value), read: Token.read }
}
