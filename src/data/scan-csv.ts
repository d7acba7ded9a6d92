import { EngineError } from "../errors.ts";
import { listLeadBytes } from "./encoding.ts";
import { carriageReturn, newline, quote, type RowFound, type RowScanner } from "./scan.ts";

/** Where the scanner is. */
const fieldStart = 0;
const plain = 1;
const quoted = 2;
/** After a quote inside quotes: it is one of a pair, or the field's end. */
const quoteSeen = 3;

/**
 * The records of csv: a field in quotes may hold delimiters, line ends and doubled quotes. Lines without anything are
 * left out. Throws EngineError `invalid_workflow` for quotes that fit nothing.
 */
export function createCsvScanner(
  { file, delimiter, encoding }: { readonly file: string; readonly delimiter: string; readonly encoding: string },
  found: RowFound,
): RowScanner {
  const separator = delimiter.charCodeAt(0);
  const leads = listLeadBytes(encoding);
  let state = fieldStart;
  let offset = 0;
  let rowFrom = 0;
  let rowLine = 1;
  let line = 1;
  let fields = 1;
  let skip = false;
  let last = 0;

  const endRow = (to: number) => {
    if (to > rowFrom) found(rowFrom, to, rowLine, fields);
  };
  const refuse = (what: string): never => {
    throw new EngineError("invalid_workflow", `${file}:${line}: ${what}`);
  };

  return {
    feed(bytes) {
      const { length } = bytes;
      for (let at = 0; at < length; at++) {
        const byte = bytes[at] as number;
        if (skip) {
          skip = false;
          last = byte;
          continue;
        }
        if (byte === newline) {
          line++;
          if (state !== quoted) {
            endRow(offset + at - (last === carriageReturn ? 1 : 0));
            rowFrom = offset + at + 1;
            rowLine = line;
            fields = 1;
            state = fieldStart;
          }
        } else if (byte === quote) {
          if (state === quoted) state = quoteSeen;
          else if (state === fieldStart || state === quoteSeen) state = quoted;
          else
            refuse(
              'a quote stands inside a field that does not begin with one; write the field as "…" with "" for a quote',
            );
        } else if (byte === separator && state !== quoted) {
          fields++;
          state = fieldStart;
        } else if (state === fieldStart) {
          state = plain;
        } else if (state === quoteSeen && byte !== carriageReturn) {
          refuse('something follows the closing quote of a field; write "" for a quote inside it');
        }
        if (leads !== null && leads[byte] === 1) skip = true;
        last = byte;
      }
      offset += length;
    },
    end() {
      if (state === quoted) {
        line = rowLine;
        refuse("a quoted field that begins in this row is never closed");
      }
      endRow(offset - (last === carriageReturn ? 1 : 0));
    },
  };
}
