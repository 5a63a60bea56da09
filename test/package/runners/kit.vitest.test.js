import { expect, test } from "vitest"
import { suite } from "./kit.suite.js"

suite(test, (n) => expect.closeTo(n, 1))
