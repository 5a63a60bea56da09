/* global expect, test: those of jest. */
import { suite } from "./kit.suite.js"

suite(test, (n) => expect.closeTo(n, 1))
