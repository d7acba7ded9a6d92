import { EngineError } from "../errors.ts";
import type { Feeder } from "../protocol/workflow.ts";
import { countMark, createRowScanner } from "./make-scanner.ts";
import { createRowDecoder, createRowParser, splitRecord } from "./parse-row.ts";

/**
 * The columns of a feeder from the first bytes of its file; null: each row may have its own. `whole`: there are no more
 * bytes. Throws EngineError `invalid_workflow` or `template` for a file that cannot be read as what it is said to be.
 */
export function readColumns(feeder: Feeder, head: Uint8Array, whole: boolean): readonly string[] | null {
  if (looksLikeUtf16(head)) {
    const message = `\`${feeder.file}\` looks like UTF-16, whose rows cannot be found; save it as UTF-8: iconv -f UTF-16 -t UTF-8`;
    throw new EngineError("invalid_workflow", message);
  }
  const bytes = head.subarray(countMark(head));
  checkText(feeder, bytes, whole);
  let first: Uint8Array | null = null;
  let rows = 0;
  const scanner = createRowScanner(feeder, (from, to) => {
    if (rows++ === 0) first = bytes.slice(from, to);
  });
  scanner.feed(bytes);
  if (whole) scanner.end();
  if (first === null) {
    const reason = whole ? "holds no rows" : "has no line end in its first 64 KiB";
    throw new EngineError("invalid_workflow", `\`${feeder.file}\` ${reason}`);
  }
  if (feeder.format !== "csv") {
    createRowParser(feeder, [])(first, () => `${feeder.file}:1`);
    return null;
  }
  if (whole && rows < 2) throw new EngineError("invalid_workflow", `\`${feeder.file}\` holds a header and no rows`);
  return readHeader(feeder, first);
}

/** By its byte order mark, or by the half of ASCII that is 0. */
function looksLikeUtf16([first, second, third, fourth]: Uint8Array): boolean {
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) return true;
  return first === 0 ? second !== 0 && third === 0 : second === 0 && third !== 0 && fourth === 0;
}

/** The names in a csv's first record. Throws EngineError `invalid_workflow`, `template`. */
export function readHeader(feeder: Feeder, record: Uint8Array): readonly string[] {
  const place = () => `${feeder.file}:1`;
  const text = createRowDecoder(feeder.encoding)(record, place);
  const columns = splitRecord(text, feeder.delimiter).map((name) => name.trim());
  columns.forEach((name, at) => {
    if (name === "") {
      throw new EngineError("invalid_workflow", `${place()}: column ${at + 1} of the header has no name`);
    }
    if (columns.indexOf(name) !== at) {
      throw new EngineError("invalid_workflow", `${place()}: the header has the column \`${name}\` twice`);
    }
  });
  return columns;
}

/** Bytes that are not text in the feeder's encoding: most likely it has another. */
function checkText({ file, encoding }: Feeder, bytes: Uint8Array, whole: boolean): void {
  try {
    new TextDecoder(encoding, { fatal: true }).decode(bytes, { stream: !whole });
  } catch (cause) {
    const other = encoding === "utf-8" ? "gbk" : "utf-8";
    throw new EngineError(
      "invalid_workflow",
      `\`${file}\` is not ${encoding} text; say what it is: \`encoding: ${other}\``,
      { cause },
    );
  }
}
