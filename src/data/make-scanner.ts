import type { Feeder } from "../protocol/workflow.ts";
import type { RowFound, RowScanner } from "./scan.ts";
import { createCsvScanner } from "./scan-csv.ts";
import { createJsonScanner } from "./scan-json.ts";
import { createLineScanner } from "./scan-lines.ts";

/** The scanner of a feeder's format. */
export function createRowScanner(feeder: Feeder, found: RowFound): RowScanner {
  switch (feeder.format) {
    case "csv":
      return createCsvScanner(feeder, found);
    case "ndjson":
      return createLineScanner(feeder.file, found);
    case "json":
      return createJsonScanner(feeder.file, found);
    default:
      return feeder.format satisfies never;
  }
}

/** How many bytes of a byte order mark the file begins with: 3 or none. UTF-16 is refused at definition. */
export function countMark(bytes: Uint8Array): number {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
}
