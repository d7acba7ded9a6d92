import type { ChildPath } from "./child-steps.ts";
import type { Json, JsonObject } from "./json.ts";
import type { ObjectShape } from "./shape.ts";
import type { HttpDefaults, Step, StepCode } from "./workflow.ts";

/** Where something stands in a document. */
export type Path = readonly (string | number)[];

/** A loop that a `break` or `continue` may mean. */
export interface LoopAround {
  readonly stepId: string;
  readonly label: string | null;
}

/** A place in a text that is a value of the document. Both from 1. */
export interface TextPosition {
  readonly line: number;
  readonly column: number;
}

/** What a step can call: a fragment, or another workflow file. */
export interface Callee {
  /** In order; undefined: it must be given. Values are templates with the names inside. */
  readonly params: readonly (readonly [name: string, value: Json | undefined])[];
  /** Expressions with the names inside, by the name under which they come back. */
  readonly results: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
  /** Checks an expression with the names inside; `path` as for `SpecContext.report`. */
  checkResult(path: Path, text: string): void;
}

/** What a spec gets to fill a config in. */
export interface SpecContext {
  /** The loops around the step that it may leave, the innermost last. */
  readonly loops: readonly LoopAround[];
  readonly http: HttpDefaults;
  /** The texts that scripts share, by name. */
  readonly libs: Readonly<Record<string, string>>;
  /** Certificates are not verified, whatever a config says. */
  readonly insecure: boolean;
  /** null: it cannot be called, already reported at the path inside the config. */
  findCallee(path: Path, kind: "fragment" | "workflow", name: string): Callee | null;
  /** Says what is wrong at a path inside the config, `inside`: where in the text that stands there. */
  report(path: Path, message: string, inside?: TextPosition): void;
  /** Says what is doubtful. */
  warn(path: Path, message: string): void;
  /** The text of a file named relative to the workflow; null: it cannot be read, already reported. */
  readFile(path: Path, name: string): string | null;
  /**
   * Has a file, named as for `readFile`, at hand while the workflow runs; gives its name in `ExecutorContext.files`.
   * null: it is not there, already reported.
   */
  useFile(path: Path, name: string): string | null;
  /** Can a file, named as for `readFile`, be had? Reports nothing. */
  hasFile(name: string): boolean;
}

/** A text of a config that is a template or an expression, for checking. */
export interface SpecText {
  readonly path: Path;
  readonly text: string;
  readonly as: "template" | "expression";
  /** It sees what the steps inside see. Default: what the step itself sees. */
  readonly inside?: boolean;
}

/** What the steps inside a step see besides what is around it. */
export interface Inside {
  /** Variables that only they see, and the texts of the step itself. */
  readonly variables?: readonly string[];
  /** It is a loop, with these fields of `loop`. */
  readonly loop?: { readonly label: string | null; readonly fields: readonly string[] };
  /** No `break` or `continue` leaves it. */
  readonly sealed?: boolean;
}

/** What a step type accepts. The light half of a step type; the other half performs it. */
export interface StepSpec {
  readonly kind: "executor" | "flow";
  /** What a slave must announce to run it; null: every slave can. */
  readonly capability: string | null;
  readonly config: ObjectShape;
  /** The config key that a bare value under the type's own key stands for (`sleep: 1s`); null: only a map is accepted. */
  readonly short: string | null;
  /**
   * Where lists of steps stand, in the written and in the complete config, in the order in which they run. `definition`
   * resolves them before `resolve`.
   */
  readonly children: readonly ChildPath[];
  /** What these steps see besides what is around the step; from a checked config. Absent: nothing. */
  readonly inside?: (config: JsonObject) => Inside;
  /** The variables that it sets for the steps behind it; from a complete config. Absent: none. */
  readonly sets?: (config: JsonObject) => readonly string[];
  /** Built-in metrics that it emits besides those of every step. */
  readonly metrics: readonly string[];
  /** The complete config from a checked one whose lists hold resolved steps. Never changes its input. */
  resolve(config: JsonObject, context: SpecContext): JsonObject;
  /** Every template and expression in a checked config, without its children. */
  listTexts(config: JsonObject): readonly SpecText[];
  /** What the program in a resolved config touches, for the type that holds one. */
  codeOf?(config: JsonObject): StepCode;
}

/** Every text inside a value, as templates. */
export function listTemplates(value: Json | undefined, path: Path = []): SpecText[] {
  if (typeof value === "string") return value.includes("$") ? [{ path, text: value, as: "template" }] : [];
  if (typeof value !== "object" || value === null) return [];
  if (Array.isArray(value)) {
    return (value as readonly Json[]).flatMap((item, index) => listTemplates(item, [...path, index]));
  }
  return Object.entries(value).flatMap(([key, item]) => listTemplates(item, [...path, key]));
}
