/** The first page of the site: what the library is for, in a title and six sentences. */

const features: ReadonlyArray<readonly [title: string, details: string, link: string, linkText: string]> = [
  [
    "20 ns an event",
    "One event that three metrics read costs the application thread a fifth of one labelled inc of prom-client. Sixteen metrics cost what one does.",
    "/guides/performance",
    "Figures and method"
  ],
  [
    "No silent loss",
    "Every event is applied, ignored, evicted, refused with a reason, or pending. The account balances at any moment.",
    "/guides/capacity",
    "Capacity and overflow"
  ],
  [
    "Failures stay where they happen",
    "A reducer that throws is quarantined. A worker that dies is replaced, and every number is as it was.",
    "/guides/failure",
    "Failure and restarts"
  ],
  [
    "Exact under test",
    "Time comes from Effect's Clock, so windows, rates and expiry are exact under TestClock, on the worker as well.",
    "/guides/testing",
    "Testing"
  ],
  [
    "Every backend",
    "Prometheus with native histograms, OTLP, remote write, the registry or SDK that you have, and generated dashboards and alerts.",
    "/guides/prometheus",
    "Export"
  ],
  [
    "See it run",
    "A page of live charts inside your service, and the same in a terminal. Nothing to install, nothing leaves the process.",
    "/guides/live-page",
    "Live page"
  ]
]

const frontmatter = {
  layout: "home",
  hero: {
    name: "mvx-metrics",
    text: "Code says what happened. Metrics follow.",
    tagline:
      "Components emit small typed events. Pure reducers turn them into measurements on a worker thread, with an exact account of every event. Built on Effect 4, with a promise API beside it.",
    image: { src: "/live-page.png", alt: "The live page: recorders, metrics, and a chart of request durations" },
    actions: [
      { theme: "brand", text: "Get started", link: "/get-started/effect" },
      { theme: "alt", text: "Without Effect", link: "/get-started/promises" },
      { theme: "alt", text: "Overview", link: "/overview" }
    ]
  },
  features: features.map(([title, details, link, linkText]) => ({ title, details, link, linkText }))
}

/** Markdown with frontmatter in JSON, which YAML includes. */
export const homeText = (): string => `---\n${JSON.stringify(frontmatter, null, 2)}\n---\n`
