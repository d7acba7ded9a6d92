import type { Random } from "../protocol/ports.ts";

/** What functions of the language take from outside. */
export interface Language {
  readonly random: Random;
  /** Milliseconds since the Unix epoch. */
  wall(): number;
}
