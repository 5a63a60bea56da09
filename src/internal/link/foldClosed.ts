/** Why there is no fold any more where its owner has closed it: an end that nobody needs to be warned of. */
export class FoldClosed extends Error {}
