/** The version of this package. It is not read from package.json, which does not exist in a bundle. */
export const Version = "0.2.0"
