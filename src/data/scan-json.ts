import { EngineError } from "../errors.ts";
import { newline, quote, type RowFound, type RowScanner } from "./scan.ts";

const backslash = 92;
const openBracket = 91;
const closeBracket = 93;
const openBrace = 123;
const closeBrace = 125;
const comma = 44;

/** The objects in a JSON list. Their own syntax is the reader's matter. */
export function createJsonScanner(file: string, found: RowFound): RowScanner {
  let offset = 0;
  let line = 1;
  /** 0: outside of the list; 1: in it; more: in a row. */
  let depth = 0;
  let inText = false;
  let escaped = false;
  let closed = false;
  let from = 0;
  let rowLine = 1;
  /** Rows and commas take turns. */
  let wantsRow = true;
  const refuse = (what: string): never => {
    throw new EngineError("invalid_workflow", `${file}:${line}: ${what}; it takes a list of objects: [{…}, {…}]`);
  };
  return {
    feed(bytes) {
      const { length } = bytes;
      for (let at = 0; at < length; at++) {
        const byte = bytes[at] as number;
        if (byte === newline) line++;
        if (inText) {
          if (escaped) escaped = false;
          else if (byte === backslash) escaped = true;
          else if (byte === quote) inText = false;
          continue;
        }
        if (byte <= 32) continue;
        if (closed) refuse("something follows the list");
        if (depth === 0) {
          if (byte !== openBracket) refuse("it does not begin with a list");
          depth = 1;
        } else if (depth === 1) {
          if (byte === closeBracket) closed = true;
          else if (byte === comma && !wantsRow) wantsRow = true;
          else if (byte === openBrace && wantsRow) {
            from = offset + at;
            rowLine = line;
            wantsRow = false;
            depth = 2;
          } else refuse("something in the list is no object, or a comma is missing");
        } else if (byte === quote) inText = true;
        else if (byte === openBrace || byte === openBracket) depth++;
        else if ((byte === closeBrace || byte === closeBracket) && --depth === 1)
          found(from, offset + at + 1, rowLine, 1);
      }
      offset += length;
    },
    end() {
      if (!closed) refuse("the list is never closed");
    },
  };
}
