import type { Node } from "acorn";
import type { Json } from "../../protocol/json.ts";

/** A response that a variable of the script holds. */
export interface HeldResponse {
  readonly stepId: string;
  /** The step's `extract`, which grows as the script reads values. */
  readonly extract: Json[];
  /** Variables by JSON path. */
  readonly taken: Map<string, string>;
}

/** What names of the script mean at a place in it. */
export interface Names {
  readonly responses: Map<string, HeldResponse>;
  /** Expressions by name, or by chain of names: `exec.vu.idInTest`. */
  readonly values: Map<string, string>;
  /** What local variables were given. */
  readonly origins: Map<string, Node>;
  /** The nodes of objects and the like that have names. */
  readonly nodes: Map<string, Node>;
}
