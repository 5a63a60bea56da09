/** Whether this is `npm run test:long`, in which the same tests try many more cases than in `npm test`. */
const long = process.env.MVX_TEST_LONG === "yes"

/** The number of runs of a property: `all`, or an eighth in `npm test`. */
export const runs = (all: number): number => (long ? all : Math.ceil(all / 8))

/** A number of repetitions: `many`, or `fewer` in `npm test`. */
export const asMany = (many: number, fewer: number): number => (long ? many : fewer)
