// The example of a test is one of this package's tests.
import "../../examples/04_test-clock/recent-saves.test.ts"
