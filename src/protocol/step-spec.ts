import type { Json, JsonObject } from "./json.ts";
import type { ObjectShape } from "./shape.ts";
import type { HttpDefaults } from "./workflow.ts";

/** Where something stands in a document. */
export type Path = readonly (string | number)[];

/** What a spec gets to fill a config in. */
export interface SpecContext {
  readonly http: HttpDefaults;
  /** `options.http` as written, checked. */
  readonly httpOptions: JsonObject;
  /** Certificates are not verified, whatever a config says. */
  readonly insecure: boolean;
  /** Says what is wrong at a path inside the config. */
  report(path: Path, message: string): void;
  /** Says what is doubtful. */
  warn(path: Path, message: string): void;
  /** The text of a file named relative to the workflow; null: it cannot be read, already reported. */
  readFile(path: Path, name: string): string | null;
}

/** A text of a config that is a template or an expression, for checking. */
export interface SpecText {
  readonly path: Path;
  readonly text: string;
  readonly as: "template" | "expression";
}

/** What a step type accepts. The light half of a step type; the other half performs it. */
export interface StepSpec {
  readonly kind: "executor" | "flow";
  /** What a slave must announce to run it; null: every slave can. */
  readonly capability: string | null;
  readonly config: ObjectShape;
  /** The config key that a bare value under the type's own key stands for (`sleep: 1s`); null: only a map is accepted. */
  readonly short: string | null;
  /** Config keys that hold lists of steps; `definition` resolves them and puts them into the resolved config. */
  readonly children: readonly string[];
  /** Built-in metrics that it emits besides those of every step. */
  readonly metrics: readonly string[];
  /** The complete config from a checked one, without its children. Never changes its input. */
  resolve(config: JsonObject, context: SpecContext): JsonObject;
  /** Every template and expression in a checked config, without its children. */
  listTexts(config: JsonObject): readonly SpecText[];
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
