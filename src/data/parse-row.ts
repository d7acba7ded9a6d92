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
    const fields = splitRecord(text, delimiter);
    const row: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
    for (let at = 0; at < columns.length; at++) row[columns[at] as string] = fields[at];
    return row;
  };
}

/** The fields of one record, whose quotes the scanner has found to be in order. */
export function splitRecord(text: string, delimiter: string): readonly string[] {
  const record = trimLineEnds(text);
  return record.includes('"') ? splitQuoted(record, delimiter) : record.split(delimiter);
}

function splitQuoted(record: string, delimiter: string): string[] {
  const fields: string[] = [];
  for (let at = 0; at <= record.length; ) {
    if (record[at] !== '"') {
      const found = record.indexOf(delimiter, at);
      const end = found === -1 ? record.length : found;
      fields.push(record.slice(at, end));
      at = end + 1;
      continue;
    }
    let end = record.indexOf('"', at + 1);
    let doubled = false;
    while (record[end + 1] === '"') {
      doubled = true;
      end = record.indexOf('"', end + 2);
    }
    const field = record.slice(at + 1, end);
    fields.push(doubled ? field.replaceAll('""', '"') : field);
    at = end + 2;
  }
  return fields;
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
  // The scanners give nothing but what stands between braces.
  return value as Row;
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
