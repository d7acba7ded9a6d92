import { expect, test } from "vitest";
import { simulate } from "./simulate.ts";

const long = process.env.LONG_TESTS === "1";

/** One seed again: `SEED=17 npx vitest run test/simulation -t "every rule"`. */
const only = process.env.SEED;

test.each([
  { rules: "every rule of the protocol holds", lateMoves: false, seeds: long ? 20_000 : 2_000 },
  {
    rules: "each VU's iterations are counted, with moves and scales about the end",
    lateMoves: true,
    seeds: long ? 5_000 : 300,
  },
])(
  "$rules, whatever is lost, frozen, killed or restarted",
  { timeout: long ? 7_200_000 : 600_000 },
  async ({ lateMoves, seeds }) => {
    const list = only === undefined ? Array.from({ length: seeds }, (_, at) => at + 1) : [Number(only)];
    let operations = 0;
    const statuses = new Set<string>();
    for (const seed of list) {
      try {
        const outcome = await simulate(seed, { lateMoves });
        operations += outcome.operations;
        statuses.add(outcome.status);
      } catch (error) {
        throw new Error(`SEED=${seed}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
      }
    }
    expect(operations).toBeGreaterThan(0);
    if (only === undefined) expect([...statuses].sort()).toContain("completed");
  },
);
