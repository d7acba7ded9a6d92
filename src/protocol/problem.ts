/** One thing wrong (or doubtful) in what a user wrote. */
export interface Problem {
  /** Path of the field: `options.stages[1].duration`; empty for the whole document. */
  readonly path: string;
  /** What is wrong, the value, and what is accepted. One sentence or two, no trailing newline. */
  readonly message: string;
  /** From 1; absent where the input has no text. */
  readonly line?: number;
  /** From 1. */
  readonly column?: number;
  /** `error` (the default) refuses the input; `warning` is shown and changes nothing. */
  readonly severity?: "error" | "warning";
}
