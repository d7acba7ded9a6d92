import type { FakeName } from "./fake-names.ts";
import type { Random } from "../protocol/ports.ts";

/** What functions of the language take from outside. */
export interface Language {
  readonly random: Random;
  /** Milliseconds since the Unix epoch. */
  wall(): number;
  /** Makes up a value for `faker.…()`; absent where nothing is evaluated, or no text asks for it. */
  readonly fake?: (name: FakeName) => string;
}
