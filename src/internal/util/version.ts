/**
 * The version of this package. Not read from package.json, which is not there in a bundle.
 */
export const Version = "0.2.0"
