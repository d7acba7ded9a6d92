/** A script step's config after `resolve`. */
export interface ScriptConfig {
  /** JavaScript, the body of an async function; never a template. */
  readonly script: string;
  readonly timeoutMs: number;
  readonly touches: Touches;
}

/** What a script's text touches, as far as it can be told without running it. */
export interface Touches {
  /** Variables that it sets; null: it computes names, any. */
  readonly sets: readonly string[] | null;
  /** Variables that it reads; null: it computes names, any. */
  readonly reads: readonly string[] | null;
  /** Does it look at the latest response? */
  readonly response: boolean;
}
