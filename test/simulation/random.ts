import type { Random } from "../../src/protocol/ports.ts";

/** Draws of a simulation: the same for the same seed, everywhere. */
export interface Dice {
  readonly random: Random;
  /** A whole number, both ends included. */
  between(from: number, to: number): number;
  chance(probability: number): boolean;
  pick<Item>(items: readonly Item[]): Item;
}

export function createDice(seed: number): Dice {
  const random = createRandom(seed);
  return {
    random,
    between: (from, to) => from + Math.floor(random() * (to - from + 1)),
    chance: (probability) => random() < probability,
    pick: (items) => items[Math.floor(random() * items.length)] as (typeof items)[number],
  };
}

/** mulberry32: small, and the same everywhere. */
function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
