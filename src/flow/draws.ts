import { mix } from "../data/permutation.ts";
import type { Random } from "../protocol/ports.ts";
import type { FlowVu } from "./flow-vu.ts";
import { createSeededRandom } from "./seeded-random.ts";

/** Random draws that follow from a seed and the number of the iteration: a run with the same seed draws the same. */
export interface Draws {
  readonly random: Random;
  /** What is drawn from now on, until another VU comes, is this VU's. */
  enter(vu: FlowVu): void;
}

/** What a VU draws outside of its iterations is another row of numbers. */
const outside = 0x5bd1_e995;

export function createDraws(seed: number): Draws {
  let current: FlowVu | null = null;
  return {
    random: () => {
      if (current === null) return 0;
      current.feed.draw ??= createSeededRandom(findSeed(seed, current));
      return current.feed.draw();
    },
    enter(vu) {
      current = vu;
    },
  };
}

function findSeed(seed: number, { id, iteration, feed }: FlowVu): number {
  if (!feed.begun) return mix(id, seed ^ outside);
  return mix(Math.floor(iteration / 2 ** 32), mix(iteration % 2 ** 32, seed));
}
