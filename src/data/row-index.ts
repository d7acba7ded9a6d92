import { EngineError } from "../errors.ts";

/** Where the rows of a file are: 4 bytes a row. Plain data with shared memory: threads get it without a copy. */
export interface RowIndex {
  readonly rows: number;
  readonly blocks: readonly RowBlock[];
  /** The byte behind the last row. */
  readonly end: number;
  /** Of the rows, in their order; of the first row where each may have its own. */
  readonly columns: readonly string[];
}

interface RowBlock {
  /** The byte at which the block's first row begins. */
  readonly base: number;
  /** How far after it each row begins: `Uint32`. */
  readonly starts: SharedArrayBuffer;
}

/** Together they keep every start in a block within 32 bits. */
const blockRows = 4_096;
const longestRow = 1024 * 1024;

/** The bytes of a row; what lies between it and the next is included. */
export function locateRow({ blocks, rows, end }: RowIndex, row: number): readonly [from: number, to: number] {
  return [findStart(blocks, row), row + 1 < rows ? findStart(blocks, row + 1) : end];
}

function findStart(blocks: readonly RowBlock[], row: number): number {
  const block = blocks[Math.floor(row / blockRows)];
  if (block === undefined) throw new EngineError("internal_error", `there is no row ${row}`);
  return block.base + (new Uint32Array(block.starts)[row % blockRows] ?? 0);
}

/** Builds an index row by row. */
export interface RowIndexBuilder {
  /** A row that begins and ends at these bytes. Throws EngineError `invalid_workflow` for one that is too long. */
  add(from: number, to: number, line: number): void;
  readonly rows: number;
  build(columns: readonly string[]): RowIndex;
}

export function createRowIndexBuilder(file: string): RowIndexBuilder {
  const blocks: RowBlock[] = [];
  let rows = 0;
  let end = 0;
  let base = 0;
  let starts: Uint32Array = new Uint32Array(0);
  return {
    add(from, to, line) {
      if (to - from > longestRow) {
        throw new EngineError(
          "invalid_workflow",
          `${file}:${line}: a row is longer than 1 MiB; is a quote not closed?`,
        );
      }
      const place = rows % blockRows;
      if (place === 0) {
        const memory = new SharedArrayBuffer(blockRows * Uint32Array.BYTES_PER_ELEMENT);
        starts = new Uint32Array(memory);
        base = from;
        blocks.push({ base, starts: memory });
      }
      starts[place] = from - base;
      rows++;
      end = to;
    },
    get rows() {
      return rows;
    },
    build: (columns) => ({ rows, blocks, end, columns }),
  };
}
