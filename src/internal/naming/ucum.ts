/** Whether a text is a UCUM unit (https://ucum.org/ucum), as far as metrics need it. */

/** Atoms that may have a prefix: `kBy`, `ms`. */
const metricAtoms =
  "m|s|g|rad|K|C|cd|mol|sr|Hz|N|Pa|J|W|A|V|F|Ohm|S|Wb|Cel|T|H|lm|lx|Bq|Gy|Sv|kat|L|l|bar|eV|u|By|bit|Bd|ar|t|pc|cal|B"

/** Atoms without a prefix. Customary units are in brackets: `[degF]`. */
const otherAtoms = String.raw`%|min|h|d|wk|mo|a|deg|'|''|10\*|10\^|\[[!-Z\\^-z|~]+\]`

const prefixes = "Q|R|Y|Z|E|P|T|G|M|k|h|da|d|c|m|u|n|p|f|a|z|y|r|q|Ki|Mi|Gi|Ti|Pi|Ei"

/** An exponent and an annotation may follow. */
const component = new RegExp(
  String.raw`^(?:(?:(?:${prefixes})?(?:${metricAtoms})|${otherAtoms})(?:[+-]?\d+)?|\d+)?(\{[!-z|~]*\})?$`
)

export const isUcum = (unit: string): boolean => {
  // A quotient may have no dividend: `/min`.
  const parts = unit.replace(/^\//, "").split(/[./](?![^{]*\})/)
  return parts.every((part) => part !== "" && component.test(part))
}
