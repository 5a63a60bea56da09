/** A blank entity id is replaced by a generated one. */
export const entityIdOf = (entityId: string): string => (entityId.trim() === "" ? crypto.randomUUID() : entityId.trim())
