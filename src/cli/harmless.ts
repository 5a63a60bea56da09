/** Text of others must not steer the terminal. */
export const harmless = (text: string): string => text.replaceAll(/\p{Cc}/gu, "�")
