/** The reason for the end of a fold that its owner has closed. It needs no warning. */
export class FoldClosed extends Error {}
