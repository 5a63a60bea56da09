// The options of stores in servers, also from plain JavaScript.
import { describe, expect, it } from "@effect/vitest"
import * as PostgresStore from "mvx-metrics/PostgresStore"
import * as RedisStore from "mvx-metrics/RedisStore"

const stores = {
  Redis: { make: RedisStore.make, good: ["redis://h", "rediss://u:p@h:1/2"], other: "postgres://h/d" },
  PostgreSQL: { make: PostgresStore.make, good: ["postgres://h/d", "postgresql://u:p@h:1/d"], other: "redis://h" }
}

describe.each(Object.entries(stores))("a store in %s", (_, { good, make, other }) => {
  it("is identified without its password", () => {
    expect(good.map((url) => make({ url }).place).join()).not.toMatch(/u:p|@/)
  })

  // The third is a host and a port, which as a URL is one of the protocol "localhost:".
  it.each(["", "somewhere", "localhost:6379", "http://h", other])("rejects the URL %o", (url) => {
    expect(() => make({ url })).toThrow(/^url: must be a /)
  })

  it.each([
    [undefined, "options"],
    [{}, "url"],
    [{ url: 5 }, "url"],
    [{ url: good[0], prefix: 5 }, "prefix"],
    [{ url: good[0], timeout: "soon" }, "timeout"],
    [{ url: good[0], password: "p" }, "password"]
  ])("rejects the options %o by name", (options, argument) => {
    expect(() => make(options as never)).toThrow(new RegExp(`^${argument}: `))
  })
})
