import { EngineError } from "../errors.ts";
import type { FilePaths } from "../protocol/named-file.ts";
import type { Feeder } from "../protocol/workflow.ts";
import { createPermutation, mix } from "./permutation.ts";
import type { Row } from "./parse-row.ts";
import type { RowIndex } from "./row-index.ts";
import { openRowReader, type RowReader } from "./row-reader.ts";

/** Who takes a row. */
export interface Taker {
  /** `vu.id`; 0: the setup or the teardown. */
  readonly id: number;
  /** The number of its iteration, unique in the cluster. */
  readonly iteration: number;
  /** `claimed`, by feeder: a row that was claimed for it and that it has not used; -1: none. */
  readonly feed: { readonly claimed: number[] };
}

/** May an iteration begin? `later`: its row is on the way · `never`: there is none for it, now or later. */
export type Supply = "ready" | "later" | "never";

/** The rows of a workflow's feeders on one thread, by their places in `Workflow.feeders`. */
export interface Feeds {
  /** The row that the taker has now. Throws EngineError `template` where there is none, or it cannot be read. */
  take(feeder: number, taker: Taker): Row;
  /** Makes sure that a taker finds its row in these feeders when it comes to use it. */
  supply(feeders: readonly number[], taker: Taker): Supply;
  /** The taker ends: rows that it has not used are others'. */
  leave(taker: Taker): void;
  /** Idempotent. */
  close(): void;
}

/** Where rows that are given only once come from. */
export interface UniqueRows {
  /** The next row; -1: there is none, ever; -2: none yet. */
  claim(feeder: number): number;
  /** A row that was claimed and not used. */
  giveBack(feeder: number, row: number): void;
  /** A row was used. */
  noteUsed(feeder: number): void;
}

export interface FeedsOptions {
  readonly feeders: readonly Feeder[];
  readonly files: FilePaths;
  /** By feeder. */
  readonly indexes: readonly RowIndex[];
  /** The same on all threads of all nodes. */
  readonly seed: number;
  readonly unique: UniqueRows;
  /** Somebody found no row where there will be none. Once for each feeder. */
  onOver(feeder: number): void;
}

/** Opens the files. Throws EngineError `unreadable_file`. */
export function openFeeds(options: FeedsOptions): Feeds {
  const { feeders, files, indexes, unique } = options;
  const readers: RowReader[] = [];
  const close = () => {
    for (const reader of readers.splice(0)) reader.close();
  };
  try {
    feeders.forEach((feeder, at) => {
      readers.push(openRowReader(feeder, files.get(feeder.file) ?? "", indexes[at] as RowIndex));
    });
  } catch (error) {
    close();
    throw error;
  }
  const choosers = feeders.map((feeder, at) => createChooser(feeder, indexes[at]?.rows ?? 0, options.seed + at));
  const over = new Set<number>();
  const noteOver = (at: number): Supply => {
    if (!over.has(at)) options.onOver(at);
    over.add(at);
    return "never";
  };
  const isClaimed = feeders.map(({ mode, per }) => mode === "unique" && per === "iteration");

  return {
    take(at, taker) {
      const feeder = feeders[at] as Feeder;
      let row: number;
      if (isClaimed[at]) {
        row = taker.feed.claimed[at] ?? -1;
        if (row >= 0) {
          taker.feed.claimed[at] = -1;
          unique.noteUsed(at);
        } else if (taker.id === 0 || row === -1) throw noUniqueRow(feeder);
      } else row = (choosers[at] as Chooser)(taker);
      if (row < 0)
        throw new EngineError("template", `data.${feeder.name} has no row for VU ${taker.id}: all are given`);
      return (readers[at] as RowReader).read(row);
    },
    supply(wanted, taker) {
      for (const at of wanted) {
        if (!isClaimed[at]) {
          if (feeders[at]?.onEnd === "stop" && (choosers[at] as Chooser)(taker) < 0) return noteOver(at);
          continue;
        }
        if ((taker.feed.claimed[at] ?? -1) >= 0) continue;
        const row = unique.claim(at);
        if (row < 0) return row === -1 ? noteOver(at) : "later";
        taker.feed.claimed[at] = row;
      }
      return "ready";
    },
    leave(taker) {
      taker.feed.claimed.forEach((row, at) => {
        if (row < 0) return;
        taker.feed.claimed[at] = -1;
        unique.giveBack(at, row);
      });
    },
    close,
  };
}

/** Of a workflow without feeders. */
export const noFeeds: Feeds = {
  take: (feeder) => {
    throw new EngineError("internal_error", `there is no feeder ${feeder}`);
  },
  supply: () => "ready",
  leave: () => undefined,
  close: () => undefined,
};

function noUniqueRow({ name }: Feeder): EngineError {
  return new EngineError(
    "template",
    `data.${name} gives unique rows to iterations; outside of them there is none: use it in \`steps\`, or with \`per: vu\``,
  );
}

/** The number of the taker's row; -1: there are no more. */
type Chooser = (taker: Taker) => number;

function createChooser({ mode, per, onEnd }: Feeder, rows: number, seed: number): Chooser {
  const placeOf = per === "vu" ? ({ id }: Taker) => Math.max(0, id - 1) : ({ iteration }: Taker) => iteration;
  const inOrder: Chooser = (taker) => {
    const place = placeOf(taker);
    return place < rows ? place : onEnd === "stop" ? -1 : place % rows;
  };
  switch (mode) {
    case "sequential":
    // A VU's id is its own in the whole cluster, so its row is too.
    case "unique":
      return inOrder;
    case "random":
      return (taker) => Math.floor((hash(placeOf(taker), seed) / 2 ** 32) * rows);
    case "shuffle": {
      const permute = createPermutation(rows, seed);
      return (taker) => {
        const row = inOrder(taker);
        return row < 0 ? row : permute(row);
      };
    }
    default:
      return mode satisfies never;
  }
}

/** 32 bits that follow from a place and the seed. */
function hash(place: number, seed: number): number {
  return mix(Math.floor(place / 2 ** 32), mix(place % 2 ** 32, seed));
}
