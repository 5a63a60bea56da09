/** Groups of controls that are a single tab stop: arrow keys move between the controls of a group. */
import { attribute } from "./dom.ts"

/** Makes one of the controls the tab stop: the one that was focused last, or `preferred`, or the first. */
export const oneStop = (controls: ReadonlyArray<HTMLElement>, preferred?: HTMLElement): void => {
  const stop =
    controls.find((each) => each === document.activeElement) ??
    preferred ??
    controls.find((each) => each.tabIndex === 0) ??
    controls[0]
  for (const each of controls) attribute(each, "tabindex", each === stop ? "0" : "-1")
}

const steps: { readonly [key: string]: (at: number, count: number) => number } = {
  ArrowDown: (at, count) => Math.min(at + 1, count - 1),
  ArrowRight: (at, count) => Math.min(at + 1, count - 1),
  ArrowUp: (at) => Math.max(at - 1, 0),
  ArrowLeft: (at) => Math.max(at - 1, 0),
  Home: () => 0,
  End: (_, count) => count - 1
}

/** Makes the buttons in `parent` such a group. Returns the function to call when the buttons have changed. */
export const rove = (parent: HTMLElement): (() => void) => {
  const buttons = (): ReadonlyArray<HTMLElement> => [...parent.querySelectorAll<HTMLElement>("button:not([hidden])")]
  parent.addEventListener("focusin", () => oneStop(buttons()))
  parent.addEventListener("keydown", (event) => {
    const step = steps[event.key]
    if (step === undefined || event.ctrlKey || event.metaKey || event.altKey) return
    event.preventDefault()
    event.stopPropagation()
    const all = buttons()
    all[step(all.indexOf(event.target as HTMLElement), all.length)]?.focus()
  })
  return () => oneStop(buttons())
}
