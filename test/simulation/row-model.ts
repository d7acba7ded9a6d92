import type { Fact } from "../../src/protocol/message.ts";
import type { IterationRange, Plan } from "../../src/protocol/plan.ts";

/** The only line of rows of a simulated plan; its file's size is the number of its rows. */
const line = "data.rows";

export interface RowModelOptions {
  /** Is this a return that may be said? */
  emit(fact: Fact & { readonly type: "return" }): void;
  want(line: string): void;
  use(row: number): void;
}

/** Unique rows on a simulated slave: each start uses one if there is one, and asks for more if not. */
export interface RowModel {
  /** For `prepared`. */
  readonly rows: readonly number[] | undefined;
  use(): void;
  allot(ranges: readonly IterationRange[], last: boolean): void;
  /** Gives back all that is not used. */
  giveBack(): void;
  takeBack(serial: number): void;
  /** Says again what was not taken back. */
  repeat(): void;
}

export function createRowModel({ workflow }: Plan, options: RowModelOptions): RowModel {
  const count = workflow.feeders.length === 0 ? null : (workflow.files[0]?.size ?? 0);
  let ranges: IterationRange[] = [];
  let over = false;
  let serial = 0;
  const returns = new Map<number, readonly IterationRange[]>();
  const say = (number: number, given: readonly IterationRange[]) =>
    options.emit({ type: "return", line, serial: number, ranges: given });
  return {
    rows: count === null ? undefined : [count],
    use() {
      if (count === null) return;
      const [first, ...rest] = ranges;
      if (first === undefined) {
        if (!over) options.want(line);
        return;
      }
      const [from, to] = first;
      ranges = from + 1 < to ? [[from + 1, to], ...rest] : rest;
      options.use(from);
    },
    allot(more, last) {
      ranges = [...ranges, ...more];
      over ||= last;
    },
    giveBack() {
      if (ranges.length === 0) return;
      serial++;
      returns.set(serial, ranges);
      say(serial, ranges);
      ranges = [];
    },
    takeBack(number) {
      returns.delete(number);
    },
    repeat() {
      for (const [number, given] of returns) say(number, given);
    },
  };
}
