import { extname } from "node:path"

/** A module beside the one at `here`, with the same extension: `.ts` in sources, `.js` in the package. */
export const siblingModule = (name: string, here: string): URL =>
  new URL(`${name}${extname(new URL(here).pathname)}`, here)
