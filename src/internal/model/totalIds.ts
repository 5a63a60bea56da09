/** Ids of totals: the counts of recorders that are not kept under their own ids. */

/** The total of recorders that name none. */
export const DefaultTotal = "removed"

/** The total of the recorders that a report no longer keeps, unless a recorder has this id. */
export const OthersTotal = "others"

/** Whether a recorder of this id is usually a total. */
export const isTotalId = (recorderId: unknown): boolean => recorderId === DefaultTotal || recorderId === OthersTotal
