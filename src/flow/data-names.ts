import type { Feeds } from "../data/feeds.ts";
import type { Readable } from "../protocol/step.ts";
import { read } from "../protocol/step.ts";
import type { Feeder } from "../protocol/workflow.ts";
import type { FlowVu } from "./flow-vu.ts";

/** `data` in expressions: a VU's rows, each taken when it is used first and kept as long as the feeder says. */
export function createDataName(feeders: readonly Feeder[], feeds: Feeds): (vu: FlowVu) => Readable {
  const places = new Map(feeders.map(({ name }, at) => [name, at]));
  return (vu) => ({
    [read]: (name) => {
      const at = places.get(name);
      return at === undefined ? undefined : (vu.feed.rows[at] ??= feeds.take(at, vu));
    },
  });
}

/** The places of the feeders whose row is another in each iteration. */
export function listPerIteration(feeders: readonly Feeder[]): number[] {
  return feeders.flatMap(({ per }, at) => (per === "iteration" ? [at] : []));
}

const mention =
  /(?<![\p{L}\p{N}_$.])data\s*(?:\.\s*([\p{L}_][\p{L}\p{M}\p{N}_]*)|\[\s*(?:"([^"]*)"|'([^']*)')\s*\]|\[)/gu;

/**
 * The places of the feeders that any text inside these values may read. A computed name (`data[x]`) may be any of them;
 * a mention in a text that is no expression counts too, which only makes an iteration wait for a row it does not use.
 */
export function findFeeders(values: readonly unknown[], feeders: readonly Feeder[]): number[] {
  const names = new Set<string>();
  let any = false;
  const look = (value: unknown): void => {
    if (typeof value === "string") {
      for (const [, plain, double, single] of value.matchAll(mention)) {
        const name = plain ?? double ?? single;
        if (name === undefined) any = true;
        else names.add(name);
      }
    } else if (typeof value === "object" && value !== null) for (const item of Object.values(value)) look(item);
  };
  if (feeders.length > 0) for (const value of values) look(value);
  return feeders.flatMap(({ name }, at) => (any || names.has(name) ? [at] : []));
}
