/** What a module exports, read from its source: names, signatures as they are written, and doc comments. */
import { readFileSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import { ts } from "@ts-morph/common"

export interface Doc {
  /** Markdown, with links to other declarations as `{@link name}`. */
  readonly text: string
  readonly examples: ReadonlyArray<string>
  readonly category: string
}

export interface Member {
  readonly name: string
  readonly signature: string
  readonly doc: Doc
}

export interface Declaration extends Member {
  readonly kind: "class" | "interface" | "type" | "value"
  /** Of a class: what it has itself, static or not. Of an interface: its properties. */
  readonly members: ReadonlyArray<Member>
}

export interface Module {
  /** As it is imported: `mvx-metrics/Otlp`. */
  readonly path: string
  readonly doc: Doc
  readonly declarations: ReadonlyArray<Declaration>
  /** Modules that it exports by name: `Metric`, with the source of each. */
  readonly namespaces: ReadonlyMap<string, string>
}

const root = join(import.meta.dirname, "..")
const parsed = new Map<string, ts.SourceFile>()

const parse = (path: string): ts.SourceFile => {
  const known = parsed.get(path)
  if (known !== undefined) return known
  const file = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true)
  parsed.set(path, file)
  return file
}

const textOf = (comment: string | ts.NodeArray<ts.JSDocComment> | undefined): string =>
  typeof comment === "string" || comment === undefined
    ? (comment ?? "")
    : comment
        .map((part) => (part.kind === ts.SyntaxKind.JSDocText ? part.text : part.getText().replace(/\s+/g, " ")))
        .join("")

const noDoc: Doc = { text: "", examples: [], category: "" }

const docOf = (node: ts.Node): Doc => readDoc(ts.getJSDocCommentsAndTags(node).findLast(ts.isJSDoc))

const readDoc = (doc: ts.JSDoc | undefined): Doc => {
  if (doc === undefined) return noDoc
  const tag = (name: string): ReadonlyArray<string> =>
    (doc.tags ?? []).filter((each) => each.tagName.text === name).map((each) => textOf(each.comment))
  return { text: textOf(doc.comment), examples: tag("example"), category: tag("category")[0] ?? "" }
}

/** The text of a node as it is written, without comments inside and without the indentation of its place. */
const sourceOf = (node: ts.Node): string => withoutComments(node.getText())

const withoutComments = (source: string): string => {
  const lines = source
    .replace(/\/\*\*[\s\S]*?\*\/\s*/g, "")
    .replace(/^ *\/\/.*\n/gm, "")
    .split("\n")
  const indents = lines.slice(1).flatMap((line) => (line.trim() === "" ? [] : [line.search(/\S/)]))
  const indent = indents.length === 0 ? 0 : Math.min(...indents)
  return [lines[0], ...lines.slice(1).map((line) => line.slice(indent))].join("\n")
}

/** `(a: A) => R` of a function, whose generator returns `Effect.fn.Return<A, E, R>` for an `Effect<A, E, R>`. */
const callOf = (node: ts.SignatureDeclaration): string => {
  const file = node.getSourceFile()
  const open = node.getChildren(file).find(({ kind }) => kind === ts.SyntaxKind.OpenParenToken)
  const close = node.getChildren(file).find(({ kind }) => kind === ts.SyntaxKind.CloseParenToken)
  if (open === undefined || close === undefined) return sourceOf(node)
  const types = node.getChildren(file).find(({ kind }) => kind === ts.SyntaxKind.LessThanToken)
  const start = (types ?? open).getStart(file)
  let call = ""
  let at = start
  for (const parameter of node.parameters) {
    // A default value makes a parameter optional; which one it is, the doc comment says.
    if (parameter.initializer === undefined) continue
    const type = parameter.type === undefined ? "" : `: ${parameter.type.getText(file)}`
    call += `${file.text.slice(at, parameter.getStart(file))}${parameter.name.getText(file)}?${type}`
    at = parameter.end
  }
  call += file.text.slice(at, close.end)
  const result =
    node.type === undefined ? "void" : node.type.getText(file).replace(/^Effect\.fn\.Return</, "Effect.Effect<")
  return withoutComments(`${call} => ${result}`)
}

const functionIn = (node: ts.Node): ts.SignatureDeclaration | undefined => {
  if (ts.isArrowFunction(node) || ts.isFunctionExpression(node)) return node
  // Effect.fn("name")(function* ..., ...) and Effect.fnUntraced(function* ...)
  return ts.isCallExpression(node) ? node.arguments.map(functionIn).find((each) => each !== undefined) : undefined
}

const valueType = (node: ts.VariableDeclaration | ts.PropertyDeclaration): string | undefined => {
  if (node.type !== undefined) return sourceOf(node.type)
  const call = node.initializer === undefined ? undefined : functionIn(node.initializer)
  return call?.type === undefined ? undefined : callOf(call)
}

const isHidden = (node: ts.Node): boolean =>
  ts.getJSDocTags(node).some((tag) => tag.tagName.text === "internal") ||
  (ts.canHaveModifiers(node) &&
    (ts.getModifiers(node) ?? []).some(({ kind }) => kind === ts.SyntaxKind.PrivateKeyword)) ||
  (ts.isClassElement(node) && node.name !== undefined && ts.isPrivateIdentifier(node.name))

const isStatic = (node: ts.ClassElement): boolean =>
  ts.canHaveModifiers(node) && (ts.getModifiers(node) ?? []).some(({ kind }) => kind === ts.SyntaxKind.StaticKeyword)

const membersOfClass = (node: ts.ClassDeclaration, className: string): ReadonlyArray<Member> => {
  const members: Array<Member> = []
  for (const member of node.members) {
    if (isHidden(member) || member.name === undefined || docOf(member) === noDoc) continue
    const name = `${isStatic(member) ? className : className[0]?.toLowerCase() + className.slice(1)}.${member.name.getText()}`
    const type =
      ts.isMethodDeclaration(member) || ts.isGetAccessor(member)
        ? ts.isGetAccessor(member)
          ? sourceOf(member.type ?? member)
          : callOf(member)
        : ts.isPropertyDeclaration(member)
          ? valueType(member)
          : undefined
    if (type !== undefined) members.push({ name, signature: `${name}: ${type}`, doc: docOf(member) })
  }
  return members
}

const membersOfInterface = (node: ts.InterfaceDeclaration): ReadonlyArray<Member> =>
  node.members.flatMap((member) =>
    member.name === undefined || ts.isComputedPropertyName(member.name) || isHidden(member)
      ? []
      : [
          {
            name: member.name.getText(),
            signature: sourceOf(member).replace(/^readonly /, ""),
            doc: docOf(member)
          }
        ]
  )

const headOfClass = (node: ts.ClassDeclaration): string => {
  const heritage = (node.heritageClauses ?? []).map(sourceOf).join(" ")
  return `class ${node.name?.text ?? ""}${heritage === "" ? "" : ` ${heritage}`}`
}

const declarationsIn = (statement: ts.Statement): ReadonlyArray<Declaration> => {
  const doc = docOf(statement)
  if (ts.isInterfaceDeclaration(statement)) {
    const source = sourceOf(statement).replace(/^export /, "")
    return [
      { kind: "interface", name: statement.name.text, signature: source, doc, members: membersOfInterface(statement) }
    ]
  }
  if (ts.isTypeAliasDeclaration(statement)) {
    return [
      {
        kind: "type",
        name: statement.name.text,
        signature: sourceOf(statement).replace(/^export /, ""),
        doc,
        members: []
      }
    ]
  }
  if (ts.isClassDeclaration(statement) && statement.name !== undefined) {
    const name = statement.name.text
    return [{ kind: "class", name, signature: headOfClass(statement), doc, members: membersOfClass(statement, name) }]
  }
  if (ts.isFunctionDeclaration(statement) && statement.name !== undefined) {
    const name = statement.name.text
    return [{ kind: "value", name, signature: `const ${name}: ${callOf(statement)}`, doc, members: [] }]
  }
  if (!ts.isVariableStatement(statement)) return []
  return statement.declarationList.declarations.map((each) => {
    const name = each.name.getText()
    const type = valueType(each)
    const signature =
      type === undefined ? `const ${name} = ${sourceOf(each.initializer ?? each)}` : `const ${name}: ${type}`
    return { kind: "value", name, signature, doc, members: [] } as const
  })
}

const isExported = (node: ts.Statement): boolean =>
  ts.canHaveModifiers(node) && (ts.getModifiers(node) ?? []).some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)

/** What a module imports under a name and exports again. */
const importedFrom = (file: ts.SourceFile, path: string, name: string): Declaration => {
  for (const statement of file.statements) {
    const bindings = ts.isImportDeclaration(statement) ? statement.importClause?.namedBindings : undefined
    if (bindings === undefined || !ts.isNamedImports(bindings)) continue
    const element = bindings.elements.find((each) => each.name.text === name)
    if (element === undefined) continue
    const specifier = (statement as ts.ImportDeclaration).moduleSpecifier as ts.StringLiteral
    const found = exportsOf(join(dirname(path), specifier.text), new Map()).get(
      (element.propertyName ?? element.name).text
    )
    if (found !== undefined) return { ...found, name }
  }
  throw new Error(`${path} exports ${name}, which it does not import`)
}

/** The declarations by the name they are exported under, and the modules exported as namespaces. */
const exportsOf = (path: string, namespaces: Map<string, string>): Map<string, Declaration> => {
  const found = new Map<string, Declaration>()
  const file = parse(path)
  for (const statement of file.statements) {
    if (isExported(statement) && !isHidden(statement)) {
      for (const declaration of declarationsIn(statement)) found.set(declaration.name, declaration)
    }
    if (!ts.isExportDeclaration(statement)) continue
    const clause = statement.exportClause
    if (statement.moduleSpecifier === undefined) {
      if (clause !== undefined && ts.isNamedExports(clause)) {
        for (const { name, propertyName } of clause.elements) {
          const own = (propertyName ?? name).text
          const local = file.statements.flatMap(declarationsIn).find((each) => each.name === own)
          const declaration = local ?? importedFrom(file, path, own)
          const signature = declaration.signature.replace(
            new RegExp(`^(const|class|type|interface) ${own}\\b`),
            `$1 ${name.text}`
          )
          found.set(name.text, { ...declaration, name: name.text, signature })
        }
      }
      continue
    }
    const target = join(dirname(path), (statement.moduleSpecifier as ts.StringLiteral).text)
    if (clause === undefined) {
      for (const [name, declaration] of exportsOf(target, namespaces)) found.set(name, declaration)
    } else if (ts.isNamespaceExport(clause)) {
      namespaces.set(clause.name.text, relative(root, target))
    } else {
      const all = exportsOf(target, new Map())
      for (const { name, propertyName } of clause.elements) {
        const declaration = all.get((propertyName ?? name).text)
        if (declaration === undefined) throw new Error(`${target} does not export ${(propertyName ?? name).text}`)
        found.set(name.text, { ...declaration, name: name.text })
      }
    }
  }
  return found
}

/** Reads a public module, given how it is imported and its source from the root of the repository. */
export const readModule = (path: string, source: string): Module => {
  const namespaces = new Map<string, string>()
  const declarations = [...exportsOf(join(root, source), namespaces).values()]
  // The comment of the module stands before its first statement, which may have one of its own.
  const [first] = parse(join(root, source)).statements
  const comment = first === undefined ? undefined : ts.getJSDocCommentsAndTags(first).find(ts.isJSDoc)
  return { path, doc: readDoc(comment), declarations, namespaces }
}
