/** The release that this is; a test holds it against the manifests. */
export const VERSION = "0.2.0";
