import { expect, test } from "vitest";
import type { Execution } from "../../src/protocol/rest.ts";
import { startCluster } from "../support/cluster.ts";
import { startTestTarget } from "../support/counting-target.ts";

const timeout = 60_000;

test("the next in the queue starts as soon as one has ended, and a short one costs no idle second", {
  timeout,
}, async () => {
  const target = await startTestTarget();
  const cluster = await startCluster({ args: ["--max-executions", "3"] });
  await cluster.addSlave("s1");
  const workflow = { options: { vus: 1, iterations: 1 }, steps: [{ type: "http", config: { url: target.url } }] };
  const ids = await Promise.all(Array.from({ length: 60 }, () => cluster.submit(workflow)));
  for (const id of ids) expect((await cluster.finish(id)).passed).toBe(true);
  expect(await target.count()).toBe(60);
  const { body } = await cluster.call("GET", "/executions?limit=100");
  const runs = (body["executions"] as readonly Execution[])
    .map(({ start_time, end_time }) => ({ start: Date.parse(start_time ?? ""), end: Date.parse(end_time ?? "") }))
    .toSorted((left, right) => left.start - right.start);
  expect(runs.length).toBe(60);
  // The fourth starts where one of three has ended.
  const held = runs.slice(3).map(({ start }, place) => start - (runs[place]?.start ?? 0));
  expect(held.toSorted((left, right) => left - right)[28]).toBeLessThan(400);
  for (const { start } of runs) {
    expect(runs.filter((other) => other.start <= start && start < other.end).length).toBeLessThanOrEqual(3);
  }
});
