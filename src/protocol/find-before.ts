import type { Frame } from "./frame.ts";

/** The number of the frame that this one follows: all before it are in the store, or this one stands for them. */
export function findBefore({ number, gap }: Frame): number {
  return gap?.after ?? number - 1;
}
