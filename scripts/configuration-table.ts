import { listKeys } from "../src/config/list-keys.ts";
import type { Json } from "../src/protocol/json.ts";
import type { Shape } from "../src/protocol/shape.ts";

/** What both languages say of a key in the same words. */
export interface KeyRow {
  /** `master.max_slaves`, `auth.api_keys[].role`. */
  readonly key: string;
  readonly standard: string;
  /** Empty: none of its own. */
  readonly variable: string;
  readonly shape: Shape;
}

/** Every key, those of entries of lists too. */
export function listRows(): readonly KeyRow[] {
  return listKeys().flatMap(({ path, shape, standard, variable }) => {
    const key = path.join(".");
    const row = { key, shape, standard: printStandard(standard), variable };
    const entry = shape.kind === "list" && shape.of.kind === "object" ? shape.of.fields : {};
    const inside = Object.entries(entry).map(([name, field]) => {
      return { key: `${key}[].${name}`, shape: field, standard: printStandard(undefined), variable: "" };
    });
    return [row, ...inside];
  });
}

/** The table of `docs/configuration.md`, made of the shape that configurations are checked with. */
export function writeTable(): string {
  const rows = listRows().map(({ key, standard, variable, shape }) => {
    const choices = listChoices(shape);
    const what = `${shape.description ?? ""}${choices === "" ? "" : ` Takes ${choices}.`}`;
    return writeRow([`\`${key}\``, standard, variable === "" ? "" : `\`${variable}\``, what]);
  });
  return [writeRow(["key", "default", "variable", "what it does"]), "| --- | --- | --- | --- |", ...rows].join("\n");
}

function writeRow(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

function listChoices(shape: Shape): string {
  if (shape.kind === "choice") return shape.values.map((value) => `\`${value}\``).join(", ");
  return shape.kind === "list" && shape.of.kind === "choice" ? listChoices(shape.of) : "";
}

function printStandard(standard: Json | undefined): string {
  const isNone = standard === undefined || (typeof standard === "object" && Object.keys(standard ?? {}).length === 0);
  if (isNone) return "—";
  return `\`${Array.isArray(standard) ? standard.join(", ") : String(standard)}\``;
}
