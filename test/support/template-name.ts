/** The migrated database that tests clone their own from. */
export const templateName = "turnpike_template";
