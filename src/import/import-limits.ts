/** What a source may be at most, so that none costs more than a moment and some memory. */
export const importLimits = {
  /** Bytes of the source. */
  bytes: 64 * 1024 * 1024,
  /** Levels of what is walked through: objects, elements, syntax. */
  depth: 100,
  /** Steps that are written; further ones are left out. */
  steps: 5_000,
  /** Entries in the list of what was left out; the last one counts the rest. */
  leftOut: 1_000,
  /** Characters of the workflow. */
  output: 8 * 1024 * 1024,
} as const;
