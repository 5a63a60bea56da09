/** Whether this is `npm run test:long`, which tries much more of what the same tests try in `npm test`. */
const long = process.env.MVX_TEST_LONG === "yes"

/** The runs of a property: `all` of them, or an eighth in `npm test`. */
export const runs = (all: number): number => (long ? all : Math.ceil(all / 8))

/** How many of something: `many` of them, or `fewer` in `npm test`. */
export const asMany = (many: number, fewer: number): number => (long ? many : fewer)
