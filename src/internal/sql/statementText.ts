/**
 * Extracts the operation and the table from the text of a statement. If that is not obvious, it returns nothing,
 * because a label must not be a guess.
 */

interface Described {
  readonly operation: string | undefined
  readonly collection: string | undefined
}

/** Statements begin with a keyword of SQL. Other texts are specific to the database. */
const operations = new Set(
  [
    "ALTER ANALYZE ATTACH BEGIN CALL CLOSE COMMENT COMMIT COPY CREATE DEALLOCATE DECLARE DELETE DESCRIBE DETACH DO DROP",
    "END EXEC EXECUTE EXPLAIN FETCH GRANT INSERT KILL LISTEN LOAD LOCK MERGE NOTIFY OPTIMIZE PRAGMA PREPARE REFRESH",
    "REINDEX RELEASE RENAME REPLACE RESET REVOKE ROLLBACK SAVEPOINT SELECT SET SHOW START TRUNCATE UNLISTEN UPDATE USE",
    "VACUUM VALUES WITH"
  ]
    .join(" ")
    .split(" ")
)

/** Parts that may contain any text: literals and comments. */
const Quoted = /'(?:[^']|'')*'|--[^\n]*|\/\*[\s\S]*?\*\//g
const SecondStatement = /;\s*\S/
const FirstWord = /^[\s(]*([a-z]+)/i

const part = String.raw`(?:"[^"]+"|\`[^\`]+\`|\[[^\]]+\]|[\w$]+)`
/** A table, and what follows it. */
const Table = new RegExp(
  String.raw`(^\s*update|\bfrom|\bjoin|\binto|\btable(?:\s+if(?:\s+not)?\s+exists)?)\s+(?:only\s+)?(${part}(?:\s*\.\s*${part})*|\()\s*([,(]?)`,
  "gi"
)

const describe = (text: string): Described => {
  const bare = text.replaceAll(Quoted, " ")
  if (SecondStatement.test(bare)) return { operation: undefined, collection: undefined }
  const word = FirstWord.exec(bare)?.[1]?.toUpperCase() ?? ""
  const operation = operations.has(word) ? word : undefined
  return { operation, collection: operation === undefined || operation === "WITH" ? undefined : tableOf(bare) }
}

/** The only table. */
const tableOf = (text: string): string | undefined => {
  const names = new Set<string>()
  for (const [, before, name, after] of text.matchAll(Table)) {
    if (name === "(") continue
    const isFunction = after === "(" && /from|join/i.test(before!)
    if (isFunction || after === ",") return undefined
    names.add(unquoted(name!))
  }
  return names.size === 1 ? [...names][0] : undefined
}

const unquoted = (name: string): string =>
  Array.from(name.matchAll(new RegExp(part, "g")), ([each]) => each.replaceAll(/^["`[]|["`\]]$/g, "")).join(".")

/** A program has few texts, except for those that it builds from values, which are not kept. */
const MostKept = 1000

/** Describes texts. The first thousand are described once each. */
export const statementTexts = (): ((text: string) => Described) => {
  const known = new Map<string, Described>()
  return (text) => {
    const found = known.get(text)
    if (found !== undefined) return found
    const described = describe(text)
    if (known.size < MostKept) known.set(text, described)
    return described
  }
}
