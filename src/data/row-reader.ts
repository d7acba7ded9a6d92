import { closeSync, openSync, readSync } from "node:fs";
import { EngineError } from "../errors.ts";
import type { Feeder } from "../protocol/workflow.ts";
import { createRowParser, type Row } from "./parse-row.ts";
import { locateRow, type RowIndex } from "./row-index.ts";

/** Reads rows of an indexed file by their number. */
export interface RowReader {
  /** Throws EngineError `template` for a row that cannot be read. */
  read(row: number): Row;
  /** Idempotent. */
  close(): void;
}

/** Rows of a file's order are read so many bytes at a time; others alone. */
const windowBytes = 64 * 1024;

/** Opens the file; one descriptor per thread. Throws EngineError `unreadable_file`. */
export function openRowReader(feeder: Feeder, path: string, index: RowIndex): RowReader {
  const parse = createRowParser(feeder, index.columns);
  const isOrdered = feeder.mode === "sequential" || feeder.mode === "unique";
  const window = Buffer.allocUnsafe(isOrdered ? windowBytes : 4 * 1024);
  let windowFrom = 0;
  let windowTo = 0;
  let descriptor: number | null = openFile(feeder, path);

  const load = (from: number, to: number): Uint8Array => {
    if (from >= windowFrom && to <= windowTo) return window.subarray(from - windowFrom, to - windowFrom);
    const length = to - from;
    if (length > window.length) {
      const long = Buffer.allocUnsafe(length);
      fill(long, length, from);
      return long;
    }
    const wanted = isOrdered ? Math.min(window.length, index.end - from) : length;
    fill(window, wanted, from);
    windowFrom = from;
    windowTo = from + wanted;
    return window.subarray(0, length);
  };
  const fill = (target: Buffer, length: number, from: number): void => {
    for (let done = 0; done < length; ) {
      const read = descriptor === null ? 0 : readSync(descriptor, target, done, length - done, from + done);
      if (read === 0) throw new EngineError("template", `${feeder.file} became shorter while it was read`);
      done += read;
    }
  };

  return {
    read(row) {
      const [from, to] = locateRow(index, row);
      return parse(load(from, to), () => `${feeder.file}, row ${row + 1}`);
    },
    close() {
      if (descriptor !== null) closeSync(descriptor);
      descriptor = null;
    },
  };
}

function openFile({ file }: Feeder, path: string): number {
  try {
    return openSync(path, "r");
  } catch (cause) {
    throw new EngineError("unreadable_file", `cannot read ${file}: ${(cause as Error).message}`, { cause });
  }
}
