/**
 * The built documentation site in a browser: it loads from its own origin only, has no broken links, and can be read
 * and searched on any screen. Leaves pictures in `.cache/site-pictures`.
 */
import { execFile } from "node:child_process"
import { globSync, mkdirSync, readFileSync } from "node:fs"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { dirname, extname, join, normalize } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import type { Page } from "playwright-core"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { violations } from "./support/axe.ts"
import { executablePath, hasBrowser, launch } from "./support/liveService.ts"

const root = fileURLToPath(new URL("../../", import.meta.url))
const site = join(root, "site/dist")
const pictures = join(root, ".cache/site-pictures")

const types: { readonly [extension: string]: string } = {
  ".css": "text/css",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".svg": "image/svg+xml"
}

/** What a plain file server answers: a path without an extension is an HTML page. */
const serve = (): Promise<Server> =>
  new Promise((resolve) => {
    const server = createServer((request, response) => {
      const path = normalize(decodeURIComponent(new URL(request.url ?? "/", "http://site").pathname))
      const file = path.endsWith("/") ? `${path}index.html` : extname(path) === "" ? `${path}.html` : path
      try {
        response.setHeader("content-type", types[extname(file)] ?? "application/octet-stream")
        response.end(readFileSync(join(site, file)))
      } catch {
        response.writeHead(404).end()
      }
    })
    server.listen(0, "127.0.0.1", () => resolve(server))
  })

const attributesOf = (html: string, pattern: RegExp): ReadonlyArray<string> =>
  Array.from(html.matchAll(pattern), ([, value = ""]) => value)

if (!hasBrowser) console.warn(`Skipped: there is no ${executablePath} (apt-get install chromium)`)

describe.skipIf(!hasBrowser)("the documentation site", () => {
  let server: Server
  let origin: string
  let files: ReadonlyArray<string>

  beforeAll(async () => {
    await promisify(execFile)(process.execPath, [join(root, "site/build.ts")], { cwd: root })
    files = globSync("**/*.html", { cwd: site })
    mkdirSync(pictures, { recursive: true })
    server = await serve()
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })

  afterAll(() => new Promise((resolve) => server.close(resolve)))

  const looking = async <A>(options: object, f: (page: Page) => Promise<A>): Promise<A> => {
    const browser = await launch({ viewport: { width: 1440, height: 900 }, ...options })
    try {
      return await f(await browser.context.newPage())
    } finally {
      await browser.close()
    }
  }

  it("has a page for each Markdown file of docs and for each public module", () => {
    const pages = globSync("docs/**/*.md", { cwd: root }).filter((path) => path !== "docs/README.md")
    const missing = pages
      .map((path) => path.replace(/^docs\/(.*)\.md$/, "$1.html"))
      .filter((file) => !files.includes(file))
    expect(missing).toEqual([])
    expect(files).toEqual(expect.arrayContaining(["index.html", "overview.html", "contents.html", "api/Recorder.html"]))
  })

  it("references no other origin for scripts, styles, fonts, images and frames", () => {
    const elsewhere = /^(?:https?:)?\/\//
    const found = files.flatMap((file) => {
      const html = readFileSync(join(site, file), "utf8")
      const sources = attributesOf(html, /<(?:script|img|iframe|source|video)\b[^>]*\ssrc="([^"]*)"/g)
      return [...sources, ...attributesOf(html, /<link\b[^>]*\shref="([^"]*)"/g)].filter((url) => elsewhere.test(url))
    })
    const styles = globSync("assets/**/*.css", { cwd: site }).flatMap((file) =>
      attributesOf(readFileSync(join(site, file), "utf8"), /url\("?'?([^)"']*)/g).filter((url) => elsewhere.test(url))
    )
    expect([...found, ...styles]).toEqual([])
  })

  it("has no broken link to a page or a heading", () => {
    const ids = new Map(
      files.map((file) => [file, new Set(attributesOf(readFileSync(join(site, file), "utf8"), /\sid="([^"]*)"/g))])
    )
    const broken = files.flatMap((file) => {
      const html = readFileSync(join(site, file), "utf8")
      return attributesOf(html, /<a\b[^>]*\shref="([^"]*)"/g).flatMap((href) => {
        if (/^(?:https?:|mailto:)/.test(href) || file === "404.html") return []
        const [path = "", hash = ""] = href.replaceAll("&amp;", "&").split("#")
        const to = path === "" ? file : path.startsWith("/") ? path.slice(1) : join(dirname(file), path)
        const target = to === "" || to.endsWith("/") ? `${to}index.html` : extname(to) === "" ? `${to}.html` : to
        const there = ids.get(target)
        if (there === undefined) return [`${file}: ${href}`]
        return hash === "" || there.has(decodeURIComponent(hash)) ? [] : [`${file}: ${href}`]
      })
    })
    expect(broken).toEqual([])
  })

  it("has its pages as Markdown, and an index of them for machine readers", () => {
    const index = readFileSync(join(site, "llms.txt"), "utf8")
    expect(index).toBe(readFileSync(join(root, "docs/llms.txt"), "utf8"))
    const listed = attributesOf(index, /\]\(([^)]+)\)/g)
    expect(listed.length).toBeGreaterThan(40)
    expect(listed.filter((path) => globSync(path, { cwd: site }).length === 0)).toEqual([])
  })

  it.each([
    ["light", "/"],
    ["dark", "/"],
    ["light", "/concepts/recorder"],
    ["dark", "/concepts/runtime"],
    ["light", "/coming-from/prom-client"],
    ["light", "/guides/prometheus"],
    ["dark", "/api/Recorder"],
    ["light", "/contents"]
  ] as const)("requests its own origin only, and passes axe: %s %s", async (colorScheme, path) => {
    await looking({ colorScheme }, async (page) => {
      const asked = new Set<string>()
      const missing: Array<string> = []
      page.on("request", (request) => asked.add(new URL(request.url()).origin))
      page.on("response", (response) => {
        if (response.status() >= 400) missing.push(response.url())
      })
      await page.goto(origin + path, { waitUntil: "networkidle" })
      await page.screenshot({ path: join(pictures, `${colorScheme}${path.replaceAll("/", "-")}.png`) })
      expect({ asked: [...asked], missing }).toEqual({ asked: [origin], missing: [] })
      expect(await violations(page)).toEqual([])
    })
  })

  it.each([
    "/",
    "/get-started/effect",
    "/guides/capacity",
    "/concepts/events",
    "/coming-from/prom-client",
    "/api/Metric"
  ])("fits a phone screen: %s", async (path) => {
    await looking({ viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true }, async (page) => {
      await page.goto(origin + path, { waitUntil: "networkidle" })
      await page.screenshot({ path: join(pictures, `narrow${path.replaceAll("/", "-")}.png`) })
      const [width, inner] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth])
      expect(width).toBeLessThanOrEqual(inner!)
    })
  })

  it("finds a page by its words", async () => {
    await looking({}, async (page) => {
      await page.goto(`${origin}/contents`, { waitUntil: "networkidle" })
      await page.keyboard.press("/")
      await page.locator("#localsearch-input").fill("cardinality limit")
      await page.locator(".VPLocalSearchBox .result").first().waitFor()
      await page.screenshot({ path: join(pictures, "search.png") })
      const results = await page.locator(".VPLocalSearchBox .result").allInnerTexts()
      expect(results.slice(0, 5).join("\n")).toContain("Labels and cardinality")
    })
  })
})
