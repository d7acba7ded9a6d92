import { EngineError } from "../errors.ts";
import { newline, type RowFound, type RowScanner } from "./scan.ts";

const openBrace = 123;
const closeBrace = 125;

/**
 * One object a line; lines of nothing but space are left out. What stands between the braces is the reader's matter.
 * Throws EngineError `invalid_workflow` for a line that is no object.
 */
export function createLineScanner(file: string, found: RowFound): RowScanner {
  let offset = 0;
  let from = 0;
  let line = 1;
  /** The first and the last byte of the line that are no space; 0: none. */
  let first = 0;
  let last = 0;
  const endLine = (to: number): void => {
    if (first === 0) return;
    if (first !== openBrace || last !== closeBrace)
      throw new EngineError("invalid_workflow", `${file}:${line}: the line is no object; it takes one a line: {…}`);
    found(from, to, line, 1);
  };
  return {
    feed(bytes) {
      const { length } = bytes;
      for (let at = 0; at < length; at++) {
        const byte = bytes[at] as number;
        if (byte > 32) {
          if (first === 0) first = byte;
          last = byte;
        } else if (byte === newline) {
          endLine(offset + at);
          from = offset + at + 1;
          line++;
          first = 0;
        }
      }
      offset += length;
    },
    end() {
      endLine(offset);
    },
  };
}
