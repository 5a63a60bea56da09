/**
 * What a packaged worker gets from its process: what is needed to load modules as the process does, and nothing else.
 * Threads are not a security boundary, but data that is not there is in no report, heap snapshot or log.
 */

/** Variables that Node and the usual loaders read in a thread. */
const variables =
  /^(NODE_(ENV|PATH|ICU_DATA|V8_COVERAGE|COMPILE_CACHE|DISABLE_COMPILE_CACHE)|TZ|LANG|LC_ALL|TSX_.+|TS_NODE_.+|SWC.+)$/

export type Environment = { readonly [name: string]: string | undefined }

export const loaderVariables = (all: Environment): Environment =>
  Object.fromEntries(Object.entries(all).filter(([name]) => variables.test(name)))

/** Options of Node for finding and loading modules, and for handling warnings and rejections. */
const options =
  /^(-C|--conditions|-r|--require|--import|--loader|--experimental-loader|--disable-warning|--unhandled-rejections)(=|$)/
const flags =
  /^--(no-)?(enable-source-maps|preserve-symlinks(-main)?|(experimental-)?(strip-types|transform-types|require-module|detect-module)|experimental-(vm-modules|wasm-modules|import-meta-resolve)|warnings|deprecation|trace-warnings|trace-deprecation|throw-deprecation|pending-deprecation|addons)$/

/** The options of the process that its threads need. Others would be refused there. */
export const loaderOptions = (execArgv: ReadonlyArray<string>, nodeOptions = ""): ReadonlyArray<string> => {
  const given = [...split(nodeOptions), ...execArgv]
  const kept: Array<string> = []
  for (let i = 0; i < given.length; i++) {
    const each = given[i]!
    if (flags.test(each)) kept.push(each)
    else if (options.test(each)) {
      kept.push(each)
      // Its value comes next.
      if (!each.includes("=") && i + 1 < given.length) kept.push(given[++i]!)
    }
  }
  return kept
}

/** Splits into words. Words with spaces are quoted, and a backslash in quotes takes the next character literally. */
const split = (nodeOptions: string): ReadonlyArray<string> =>
  Array.from(nodeOptions.matchAll(/(?:"(?:\\.|[^"\\])*"|[^\s"])+/g), ([word]) =>
    word.replace(/"((?:\\.|[^"\\])*)"/g, (_, quoted: string) => quoted.replace(/\\(.)/g, "$1"))
  )
