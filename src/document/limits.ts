/** What a text of a user may be at most, so that no input costs more than a moment. */
export const limits = {
  /** Characters. */
  text: 10 * 1024 * 1024,
  depth: 100,
  /** Values, with every use of an alias counted in full. */
  values: 500_000,
  problems: 100,
} as const;
