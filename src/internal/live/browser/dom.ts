/** Creates elements and keeps them up to date. All text is inserted as text. */

import { shortened, visible } from "../model/format.ts"

type Attributes = { readonly [name: string]: string | boolean | undefined }

const svgNamespace = "http://www.w3.org/2000/svg"

/** Sets an attribute only when it changes, so that unchanged elements stay selected, focused and hovered. */
export const attribute = (element: Element, name: string, value: string | boolean | undefined): void => {
  if (value === undefined || value === false) {
    if (element.hasAttribute(name)) element.removeAttribute(name)
    return
  }
  const text = value === true ? "" : value
  if (element.getAttribute(name) !== text) element.setAttribute(name, text)
}

export const element = <Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: ReadonlyArray<Node | string>
): HTMLElementTagNameMap[Tag] => {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) attribute(made, name, value)
  made.append(...children)
  return made
}

export const svg = (tag: string, attributes: Attributes = {}): SVGElement => {
  const made = document.createElementNS(svgNamespace, tag)
  for (const [name, value] of Object.entries(attributes)) attribute(made, name, value)
  return made
}

export const write = (node: Node, text: string): void => {
  const shown = visible(text)
  if (node.textContent !== shown) node.textContent = shown
}

/** A name that may wrap after its dots. */
export const writeName = (parent: Element, name: string): void => {
  const shown = shortened(visible(name), 240)
  if (parent.textContent === shown) return
  const parts = shown.split(/(?<=[._/])/)
  parent.replaceChildren(...parts.flatMap((part, index) => (index === 0 ? [part] : [element("wbr"), part])))
}

/** Recreates the children of `parent` when their names, or other parts of `signature`, have changed. */
export const remade = (
  parent: HTMLElement,
  names: ReadonlyArray<string>,
  make: (name: string, index: number) => Element,
  signature: string = JSON.stringify(names)
): void => {
  if (parent.dataset.names === signature) return
  parent.dataset.names = signature
  parent.replaceChildren(...names.map(make))
}

/** The head of a table column. */
export const columnHead = (name: string, of: string): HTMLElement => {
  const cell = element("th", { scope: "col", class: of })
  write(cell, shortened(name, 60))
  return cell
}

/** The element with this id, which exists. */
export const byId = <E extends HTMLElement = HTMLElement>(id: string): E => document.getElementById(id) as E

/**
 * Keeps the children of `parent` equal to `items`: by key an element is created once, updated, moved, and removed. Of
 * several items with one key, the last is shown.
 */
export class Children<Item, E extends Element> {
  readonly #parent: Element
  readonly #make: (item: Item) => E
  readonly #update: (element: E, item: Item) => void
  readonly #elements = new Map<string, E>()

  constructor(parent: Element, make: (item: Item) => E, update: (element: E, item: Item) => void) {
    this.#parent = parent
    this.#make = make
    this.#update = update
  }

  show(items: ReadonlyArray<readonly [key: string, item: Item]>): void {
    const shown = new Map(items)
    for (const [key, element] of this.#elements) {
      if (shown.has(key)) continue
      // Done first, because an element that is moved because of one before it would lose the focus.
      element.remove()
      this.#elements.delete(key)
    }
    let previous: Element | null = null
    for (const [key, item] of shown) {
      const element = this.#elements.get(key) ?? this.#make(item)
      this.#elements.set(key, element)
      this.#update(element, item)
      const expected: Element | null = previous === null ? this.#parent.firstElementChild : previous.nextElementSibling
      if (expected !== element) this.#parent.insertBefore(element, expected)
      previous = element
    }
  }
}
