/**
 * What is wrong, at the top of the page, or nothing at all.
 */
import { format } from "../internal/live/format.ts"
import { attribute, Children, element, write } from "./dom.ts"
import { keyOf, type RecorderView } from "./overview.ts"

interface Problem {
  readonly key: string
  /** The metric to go to. */
  readonly metric?: string
  readonly subject: string
  readonly text: string
}

const problemsOf = ({ metrics, recorder }: RecorderView): ReadonlyArray<Problem> => {
  const { recorderId, stats } = recorder
  const reasons = Object.entries(stats.refusedBy).filter(([, events]) => events > 0)
  return [
    ...(recorder.error === undefined
      ? []
      : [{ key: `${recorderId} error`, subject: recorderId, text: `cannot be read: ${recorder.error}` }]),
    ...metrics.flatMap((view) =>
      view.metric.quarantine === undefined
        ? []
        : [
            {
              key: keyOf(view),
              metric: keyOf(view),
              subject: view.metric.name,
              text: `is quarantined: ${view.metric.quarantine.error}`
            }
          ]
    ),
    ...(reasons.length === 0
      ? []
      : [
          {
            key: `${recorderId} refused`,
            subject: recorderId,
            text: `refused ${format(stats.refused, "count")} events: ${reasons
              .map(
                ([reason, events]) => `${format(events, "count")} ${reason === "notRunning" ? "not running" : reason}`
              )
              .join(", ")}`
          }
        ])
  ]
}

export const makeProblems = (
  list: HTMLElement,
  choose: (metric: string) => void
): ((recorders: ReadonlyArray<RecorderView>) => void) => {
  const children = new Children<Problem, HTMLElement>(
    list,
    ({ metric }) => {
      const subject = metric === undefined ? element("b") : element("button", { type: "button" })
      if (metric !== undefined) subject.addEventListener("click", () => choose(metric))
      return element("li", {}, subject, element("span"))
    },
    (made, { subject, text }) => {
      write(made.firstElementChild!, subject)
      write(made.lastElementChild!, text)
    }
  )
  return (recorders) => {
    const problems = recorders.flatMap(problemsOf)
    children.show(problems.map((problem) => [problem.key, problem]))
    attribute(list, "hidden", problems.length === 0)
  }
}
