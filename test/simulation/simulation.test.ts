import { expect, test } from "vitest";
import { simulate } from "./simulate.ts";

const seeds = process.env.LONG_TESTS === "1" ? 20_000 : 2_000;

/** One seed again: `SEED=17 npx vitest run test/simulation`. */
const only = process.env.SEED;

test("every rule of the protocol holds, whatever is lost, frozen, killed or restarted", {
  timeout: process.env.LONG_TESTS === "1" ? 7_200_000 : 600_000,
}, async () => {
  const list = only === undefined ? Array.from({ length: seeds }, (_, at) => at + 1) : [Number(only)];
  let operations = 0;
  const statuses = new Set<string>();
  for (const seed of list) {
    try {
      const outcome = await simulate(seed);
      operations += outcome.operations;
      statuses.add(outcome.status);
    } catch (error) {
      throw new Error(`SEED=${seed}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  }
  expect(operations).toBeGreaterThan(0);
  if (only === undefined) expect([...statuses].sort()).toContain("completed");
});
