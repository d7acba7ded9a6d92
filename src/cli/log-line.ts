import type { JsonObject } from "../protocol/json.ts";
import type { LogLevel } from "../protocol/ports.ts";
import type { Side } from "./terminal.ts";

/** Writes one line of a log. */
export type LineWriter = (level: LogLevel, message: string, fields: JsonObject) => void;

/** Lines for people: `2026-11-26T10:32:05.123+08:00 info joined http://10.0.0.1:8080 slave=east-1`. */
export function createLineWriter(write: (line: string) => void, colors: Side["colors"], base: JsonObject): LineWriter {
  const marks: Readonly<Record<LogLevel, string>> = {
    debug: colors.dim("debug"),
    info: colors.blue("info"),
    warn: colors.yellow("warn"),
    error: colors.red("error"),
  };
  return (level, message, fields) => {
    const pairs = Object.entries({ ...base, ...fields }).map(([name, value]) => ` ${name}=${formatField(value)}`);
    const time = colors.dim(formatLocalTime(new Date()));
    write(`${time} ${marks[level]} ${keepOnOneLine(message + pairs.join(""))}\n`);
  };
}

/** A field of a line for people. */
export function formatField(value: unknown): string {
  return typeof value === "string"
    ? value
    : JSON.stringify(value, (_key, inner) => (typeof inner === "bigint" ? String(inner) : inner));
}

/** RFC 3339 with the offset of this machine. */
function formatLocalTime(date: Date): string {
  const offset = -date.getTimezoneOffset();
  const local = new Date(date.getTime() + offset * 60_000).toISOString().slice(0, -1);
  const hours = String(Math.floor(Math.abs(offset) / 60)).padStart(2, "0");
  const minutes = String(Math.abs(offset) % 60).padStart(2, "0");
  return `${local}${offset < 0 ? "-" : "+"}${hours}:${minutes}`;
}

/** What peers send must not look like lines of ours, nor steer a terminal. */
function keepOnOneLine(text: string): string {
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (character) =>
    character === "\n" ? "\\n" : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
