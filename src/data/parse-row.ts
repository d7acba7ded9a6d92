import { parse } from "csv-parse/sync";
import { EngineError } from "../errors.ts";
import type { Feeder } from "../protocol/workflow.ts";

/** A row as expressions see it: its fields under their columns, in an object without a prototype. */
export type Row = Readonly<Record<string, unknown>>;

/** Reads a row's bytes; `place` says for people where it stands. Throws EngineError `template`. */
export type ParseRow = (bytes: Uint8Array, place: () => string) => Row;

/** The reader of a feeder's rows. */
export function createRowParser(feeder: Feeder, columns: readonly string[]): ParseRow {
  const decode = createRowDecoder(feeder.encoding);
  if (feeder.format !== "csv") return (bytes, place) => parseObject(decode(bytes, place), place);
  const { delimiter } = feeder;
  return (bytes, place) => {
    const text = decode(bytes, place);
    const fields = splitRecord(text, delimiter, place);
    const row: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
    for (let at = 0; at < columns.length; at++) row[columns[at] as string] = fields[at];
    return row;
  };
}

/** The fields of one record. Throws EngineError `template`. */
export function splitRecord(text: string, delimiter: string, place: () => string): readonly string[] {
  const end = text.length - (text.endsWith("\r\n") ? 2 : text.endsWith("\n") || text.endsWith("\r") ? 1 : 0);
  if (!text.includes('"')) {
    const record = trimLineEnds(text);
    return record.split(delimiter);
  }
  try {
    // Exactly one record: the scanner has found its ends.
    return (
      (parse(text.slice(0, end), { delimiter, relax_column_count: true, skip_empty_lines: true }) as string[][])[0] ??
      []
    );
  } catch (cause) {
    throw new EngineError("template", `${place()}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}

function trimLineEnds(text: string): string {
  let end = text.length;
  while (end > 0 && (text.charCodeAt(end - 1) === 10 || text.charCodeAt(end - 1) === 13)) end--;
  return end === text.length ? text : text.slice(0, end);
}

function parseObject(text: string, place: () => string): Row {
  const source = text.replace(/[\s,]+$/, "");
  let value: unknown;
  try {
    value = bigNumber.test(source) ? JSON.parse(source, keepDigits) : JSON.parse(source);
  } catch (cause) {
    throw new EngineError("template", `${place()}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Row;
  throw new EngineError("template", `${place()}: it is no object, ${source.slice(0, 40)}`);
}

/** Integers from here on may not be exact as numbers. */
const bigNumber = /\d{16}/;

function keepDigits(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  const source = context?.source ?? "";
  return /^-?\d+$/.test(source) ? BigInt(source) : value;
}

/** Decodes bytes of an encoding; what is not in it is an error that says so. */
export function createRowDecoder(encoding: string): (bytes: Uint8Array, place: () => string) => string {
  const decoder = new TextDecoder(encoding, { fatal: true, ignoreBOM: true });
  return (bytes, place) => {
    try {
      return decoder.decode(bytes);
    } catch (cause) {
      const other = encoding === "utf-8" ? "gbk" : "utf-8";
      throw new EngineError(
        "template",
        `${place()}: it is not ${encoding} text; say what it is: \`encoding: ${other}\``,
        { cause },
      );
    }
  };
}
