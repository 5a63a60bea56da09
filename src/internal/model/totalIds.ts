/** Ids of totals: what recorders have counted that are not kept by their own ids. */

/** Where recorders go that name no total. */
export const DefaultTotal = "removed"

/** Where a report has those that it keeps no more, unless a recorder has this id. */
export const OthersTotal = "others"

/** Whether others go into a recorder of this id, as a rule. */
export const isTotalId = (recorderId: unknown): boolean => recorderId === DefaultTotal || recorderId === OthersTotal
