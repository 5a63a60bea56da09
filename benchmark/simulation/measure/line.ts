/** What grows with a number: so much for itself, and so much for each. */
export interface Line {
  readonly fixed: number
  readonly each: number
}

/** Through the values at two numbers. What is measured may come out below 0, and is 0 then. */
export const lineThrough = ([few, less]: readonly [number, number], [many, more]: readonly [number, number]): Line => {
  const each = Math.max(0, (more - less) / (many - few))
  return { each, fixed: Math.max(0, less - few * each) }
}

export const at = ({ each, fixed }: Line, number: number): number => fixed + each * number
