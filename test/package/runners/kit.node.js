import test from "node:test"
import { suite } from "./kit.suite.js"

// node:test has no matchers: anything with this method is one.
suite(test, (n) => ({ asymmetricMatch: (received) => Math.abs(received - n) < 0.1 }))
