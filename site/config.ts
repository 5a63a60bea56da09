/** The configuration of VitePress. */
import { defineConfig } from "vitepress"
import manifest from "../package.json" with { type: "json" }
import { navigation, type Section } from "./pages.ts"
import { referencePages } from "./reference.ts"

const link = (page: string): string => `/${page.replace(/(?:index)?\.md$/, "")}`

const groupOf = ({ entries, sections, title }: Section): object => ({
  text: title,
  collapsed: false,
  items: [
    ...entries.map(({ page, text }) => ({ text, link: link(page) })),
    ...sections.map((section) => ({ ...groupOf(section), collapsed: true }))
  ]
})

const api = {
  text: "API",
  collapsed: true,
  link: "/api/",
  items: [...referencePages().keys()]
    .filter((page) => page !== "api/index.md")
    .map((page) => ({ text: page.slice("api/".length, -".md".length), link: link(page) }))
}

/** As a forge makes the anchors of headings, so that links work in both places. */
const slugify = (heading: string): string =>
  heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}_\- ]/gu, "")
    .replaceAll(" ", "-")

export default defineConfig({
  title: manifest.name,
  description: manifest.description,
  lang: "en",
  ignoreDeadLinks: "localhostLinks",
  base: (process.env.DOCS_BASE ?? "/") as `/${string}/`,
  head: [
    ["link", { rel: "icon", href: `${process.env.DOCS_BASE ?? "/"}logo.svg`, type: "image/svg+xml" }],
    ["meta", { name: "color-scheme", content: "light dark" }]
  ],
  markdown: { anchor: { slugify }, theme: { light: "github-light-high-contrast", dark: "github-dark" } },
  transformHtml: (html) => html.replace('class="VPContent is-home"', 'class="VPContent is-home" role="main"'),
  themeConfig: {
    logo: "/logo.svg",
    nav: [
      { text: "Get started", link: "/get-started/effect", activeMatch: "^/get-started/" },
      {
        text: "Documentation",
        link: "/contents",
        activeMatch: "^/(contents|concepts|guides|coming-from|reference|design)"
      },
      { text: "API", link: "/api/", activeMatch: "^/api/" },
      { text: "Examples", link: "/examples/", activeMatch: "^/examples/" },
      { text: `${manifest.version}`, link: "/changelog" }
    ],
    sidebar: [...navigation().map(groupOf), api],
    outline: { level: [2, 3] },
    search: { provider: "local", options: { detailedView: true } },
    docFooter: { prev: "Previous", next: "Next" }
  }
})
