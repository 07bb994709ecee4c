// Limits of what the page may ask, which the daemon checks and the page keeps to.

/** Expansions of one retaining graph at most. */
export const EXPANSIONS_LIMIT = 16;

/** Of what a marked moment is called, in UTF-16 units. */
export const MARK_LABEL_LENGTH = 80;
