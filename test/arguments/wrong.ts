/**
 * Wrong values for every argument. A function that does not accept a kind of value must reject it with an
 * `InvalidArgument` that names the argument.
 */
import { Cause, Effect, Exit, Layer, type Scope, Stream } from "effect"
import { MetricsError } from "mvx-metrics"

/** What can be given in place of anything. */
const values = {
  undefined: () => undefined,
  null: () => null,
  NaN: () => Number.NaN,
  Infinity: () => Number.POSITIVE_INFINITY,
  "-1": () => -1,
  "0": () => 0,
  "1.5": () => 1.5,
  "2 ** 53": () => 2 ** 53,
  "1n": () => 1n,
  true: () => true,
  "an empty text": () => "",
  "a blank text": () => " \t",
  "a very long text": () => "x".repeat(100_000),
  "a lone surrogate": () => "\ud800",
  "a symbol": () => Symbol("given"),
  "a function": () => () => undefined,
  "a function that throws": () => () => {
    throw new Error("of the user")
  },
  "a Date": () => new Date(0),
  "an invalid Date": () => new Date(Number.NaN),
  "a Map": () => new Map([["a", 1]]),
  "a Set": () => new Set(["a"]),
  "a RegExp": () => /a/,
  "an Error": () => new Error("given"),
  "a Promise": () => Promise.resolve(1),
  "a Uint8Array": () => new Uint8Array(1),
  "an empty array": () => [],
  "an array of undefined": () => [undefined],
  "an array with a hole": () => new Array(1),
  "an array of a number": () => [1],
  "an array that contains itself": () => {
    const array: Array<unknown> = []
    array.push(array)
    return array
  },
  "an empty object": () => ({}),
  "an object with an unknown property": () => ({ nobodyKnows: 1 }),
  "an object that contains itself": () => {
    const object: { [name: string]: unknown } = {}
    object.itself = object
    return object
  },
  "an object with a getter that throws": () => ({
    get thrown(): never {
      throw new Error("of the user")
    }
  }),
  "a proxy whose traps throw": () => new Proxy({}, throwingTraps),
  "an array that is a proxy whose traps throw": () => new Proxy([], throwingTraps),
  "a revoked proxy": () => {
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    return proxy
  }
} satisfies { readonly [name: string]: () => unknown }

export type ValueName = keyof typeof values

const throwingTraps: ProxyHandler<object> = new Proxy(
  {},
  {
    get: () => () => {
      throw new Error("of the user")
    }
  }
)

/** The values that are right for a kind of argument. */
export type Kind = ReadonlyArray<ValueName>

const anyText: Kind = ["an empty text", "a blank text", "a very long text", "a lone surrogate"]
const anyFunction: Kind = ["a function", "a function that throws"]
const anyArray: Kind = ["an empty array", "an array of undefined", "an array with a hole", "an array of a number"]

export const kinds = {
  /** What has no value by chance: metrics, families, URLs and the like. */
  special: [],
  notBlank: ["a very long text", "a lone surrogate"],
  text: anyText,
  flag: ["true"],
  positiveInteger: ["2 ** 53"].slice(1) as Kind,
  finite: ["-1", "0", "1.5", "2 ** 53"],
  /** Longer than zero, and finite. */
  finiteDuration: ["1.5", "2 ** 53", "1n"],
  longerThanZero: ["1.5", "2 ** 53", "1n", "Infinity"],
  duration: ["0", "1.5", "2 ** 53", "1n", "Infinity"],
  func: anyFunction,
  anything: Object.keys(values) as unknown as Kind,
  /** Options of which none has to be given. */
  options: ["an empty object"],
  /** Any object of options, or of what has names of the caller's. */
  record: ["an empty object", "an object with an unknown property", "an object that contains itself"],
  emptyArray: ["an empty array"],
  anyArray
} satisfies { readonly [kind: string]: Kind }

/** The same, which may be left out. */
export const optional = (kind: Kind): Kind => ["undefined", ...kind]

/** One argument or option: which values are right, and a call with a value in its place. */
export interface Place {
  readonly kind: Kind
  readonly call: (value: never) => unknown
  /** What an error may call it. Default: the name of the place. */
  readonly names?: ReadonlyArray<string>
}

export type Places = { readonly [argument: string]: Place }

/** By the name of the function. */
export type Table = { readonly [name: string]: Places }

export const place = (kind: Kind, call: (value: never) => unknown, ...names: ReadonlyArray<string>): Place => ({
  kind,
  call,
  ...(names.length > 0 && { names })
})

/** The options object itself, and each of the options. `given`: those that have to be there. */
export const options = (
  each: { readonly [option: string]: Kind },
  call: (options: never) => unknown,
  given: object = {}
): Places => ({
  options: {
    kind: Object.keys(given).length === 0 ? optional(kinds.options) : [],
    call,
    names: ["options", "nobodyKnows", "itself", "thrown", ...Object.keys(given)]
  },
  ...Object.fromEntries(
    Object.entries(each).map(([option, kind]) => [
      option,
      {
        kind: option in given ? kind : optional(kind),
        call: (value: unknown) => call({ ...given, [option]: value } as never)
      }
    ])
  ),
  "a misspelt option": {
    kind: [],
    call: () => call({ ...given, nobodyKnows: 1 } as never),
    names: ["nobodyKnows"]
  }
})

export type RunEffect = (effect: Effect.Effect<unknown, unknown, never>) => Promise<Exit.Exit<unknown, unknown>>

const Patience = 3000

/** What a call comes to, in words; `undefined`: an `InvalidArgument` that names the argument. */
const outcomeOf = async (
  argument: string,
  { call, names = [argument] }: Place,
  value: unknown,
  run: RunEffect
): Promise<string | undefined> => {
  const isRight = (error: unknown): boolean =>
    error instanceof MetricsError.InvalidArgument && names.some((name) => error.message.includes(name))
  try {
    let result = call(value as never)
    if (Stream.isStream(result)) result = Stream.runDrain(result as Stream.Stream<unknown>)
    if (Layer.isLayer(result)) {
      const layer = result as never as Layer.Layer<never>
      result = Effect.scopedWith((scope) => Layer.buildWithScope(layer, scope))
    }
    if (Effect.isEffect(result)) {
      const effect = result as Effect.Effect<unknown, unknown, Scope.Scope>
      result = run(Effect.scoped(effect)).then((exit) => {
        if (Exit.isFailure(exit)) throw Cause.squash(exit.cause)
      })
    }
    let timer: NodeJS.Timeout | undefined
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error("it hangs")), Patience)
    })
    try {
      await Promise.race([result, late])
    } finally {
      clearTimeout(timer)
    }
    return "is accepted"
  } catch (error) {
    if (isRight(error)) return undefined
    return `gives ${error instanceof Error ? `${error.name}: ${error.message.slice(0, 150)}` : String(error)}`
  }
}

/** All of them. */
export const wrongValues = (): ReadonlyArray<unknown> => Object.values(values).map((make) => make())

/** The values that are not refused as they should be, and what becomes of them. */
export const notRefused = async (argument: string, each: Place, run: RunEffect): Promise<ReadonlyArray<string>> => {
  const found: Array<string> = []
  for (const [name, value] of Object.entries(values)) {
    if (each.kind.includes(name as ValueName)) continue
    const outcome = await outcomeOf(argument, each, value(), run)
    if (outcome !== undefined) found.push(`${name} ${outcome}`)
  }
  return found
}
