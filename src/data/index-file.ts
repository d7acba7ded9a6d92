import { open } from "node:fs/promises";
import { EngineError } from "../errors.ts";
import type { Feeder } from "../protocol/workflow.ts";
import { countMark, createRowScanner } from "./make-scanner.ts";
import { readHeader } from "./read-columns.ts";
import { createRowIndexBuilder, type RowIndex } from "./row-index.ts";

const pieceBytes = 1024 * 1024;
/** So many wrong rows are named. */
const mostNamed = 5;

/**
 * Reads a feeder's file once, piece by piece, and notes where its rows are. Throws EngineError `invalid_workflow` with
 * the lines of rows that are not like the header, and `unreadable_file`. `signal` ends it early.
 */
export async function indexFile(feeder: Feeder, path: string, signal?: AbortSignal): Promise<RowIndex> {
  const builder = createRowIndexBuilder(feeder.file);
  const ragged: string[] = [];
  let raggedCount = 0;
  let columns: readonly string[] | null = feeder.format === "csv" ? null : [];
  let mark = 0;
  let piece: Uint8Array = new Uint8Array(0);
  let pieceFrom = 0;
  /** What came before the piece and belongs to the header. */
  let header: Uint8Array[] = [];

  const scanner = createRowScanner(feeder, (from, to, line, fields) => {
    if (columns === null) {
      header.push(piece.slice(0, Math.max(0, to - pieceFrom)));
      columns = readHeader(feeder, Buffer.concat(header).subarray(from, to));
      header = [];
      return;
    }
    if (feeder.format === "csv" && fields !== columns.length) {
      raggedCount++;
      if (ragged.length < mostNamed)
        ragged.push(`${feeder.file}:${line}: has ${fields} fields, the header has ${columns.length}`);
    }
    builder.add(mark + from, mark + to, line);
  });

  const file = await open(path, "r").catch((cause: unknown) => {
    throw new EngineError("unreadable_file", `cannot read ${feeder.file}: ${(cause as Error).message}`, { cause });
  });
  try {
    const buffer = Buffer.allocUnsafe(pieceBytes);
    for (let at = 0; ; ) {
      const { bytesRead } = await file.read(buffer, 0, pieceBytes, at);
      if (signal?.aborted)
        throw new EngineError("start_failed", `${feeder.file} was not read to its end: the run was closed`);
      if (bytesRead === 0) break;
      if (at === 0) mark = countMark(buffer.subarray(0, bytesRead));
      piece = buffer.subarray(at === 0 ? mark : 0, bytesRead);
      pieceFrom = Math.max(0, at - mark);
      scanner.feed(piece);
      if (columns === null) header.push(piece.slice());
      at += bytesRead;
    }
    scanner.end();
  } finally {
    await file.close();
  }
  if (raggedCount > 0) {
    const more = raggedCount > ragged.length ? `; and ${raggedCount - ragged.length} more rows` : "";
    throw new EngineError("invalid_workflow", `${ragged.join("; ")}${more}`);
  }
  if (builder.rows === 0) throw new EngineError("invalid_workflow", `\`${feeder.file}\` holds no rows`);
  return builder.build(columns ?? []);
}
