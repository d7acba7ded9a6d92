import type { IterationRange } from "../protocol/plan.ts";

/** Ranges of shared iterations one behind the other: positions 0, 1, 2 … stand for their global indices, in order. */
export interface IterationLine {
  /** The position behind the last one. */
  readonly end: number;
  append(ranges: readonly IterationRange[]): void;
  /** The index at a position below `end`; positions are asked for in ascending order, what lies before is forgotten. */
  indexAt(position: number): number;
  /** The ranges from a position on. Forgets as `indexAt` does. */
  listFrom(position: number): IterationRange[];
}

interface Piece {
  readonly from: number;
  readonly to: number;
  /** The position behind its last index. */
  readonly end: number;
}

export function createIterationLine(): IterationLine {
  const pieces: Piece[] = [];
  let end = 0;
  const forget = (position: number) => {
    while (pieces[0] !== undefined && pieces[0].end <= position) pieces.shift();
  };
  return {
    get end() {
      return end;
    },
    append(ranges) {
      for (const [from, to] of ranges) {
        if (to <= from) continue;
        end += to - from;
        pieces.push({ from, to, end });
      }
    },
    indexAt(position) {
      forget(position);
      const piece = pieces[0];
      return piece === undefined ? -1 : piece.to - (piece.end - position);
    },
    listFrom(position) {
      forget(position);
      return pieces.map(
        ({ from, to, end: pieceEnd }): IterationRange => [Math.max(from, to - (pieceEnd - position)), to],
      );
    },
  };
}
