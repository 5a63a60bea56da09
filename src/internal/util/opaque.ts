/**
 * Something of this package's own inside an object that users have. Keys and prototypes of the token lead nowhere; only
 * `read`, which users cannot reach, leads to what is in it. Copies of the object carry the token like any other value.
 */
interface Opaque<A extends object> {
  readonly tokenOf: (value: A) => object
  /** `undefined` for what is not such a token. A mock answers to any key, with anything. */
  readonly read: (token: unknown) => A | undefined
}

/** A kind of tokens: no other kind can be read in its place. */
export const opaque = <A extends object>(): Opaque<A> => {
  class Token {
    // A private field and not a WeakMap: there may be ten thousand of them.
    readonly #value: A

    constructor(value: A) {
      this.#value = value
      Object.freeze(this)
    }

    static read(token: unknown): A | undefined {
      return typeof token === "object" && token !== null && #value in token ? token.#value : undefined
    }
  }
  // Or it would lead to `read`.
  Reflect.deleteProperty(Token.prototype, "constructor")
  Object.freeze(Token.prototype)
  return { tokenOf: (value) => new Token(value), read: Token.read }
}
