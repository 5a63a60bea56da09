/** Keeps something while it is needed: from the first call until each caller has called what it got, once or more. */
export class Holds {
  #count = 0
  readonly #onChange: (isHeld: boolean) => void

  constructor(onChange: (isHeld: boolean) => void) {
    this.#onChange = onChange
  }

  get isHeld(): boolean {
    return this.#count > 0
  }

  readonly hold = (): (() => void) => {
    if (this.#count++ === 0) this.#onChange(true)
    let isHeld = true
    return () => {
      if (isHeld && --this.#count === 0) this.#onChange(false)
      isHeld = false
    }
  }
}
