import { expect, test } from "vitest";
import { loadWorkflow } from "./load-workflow.ts";

const load = (options: object) =>
  loadWorkflow(
    {
      text: JSON.stringify({ options, steps: [{ type: "http", config: { url: "http://127.0.0.1/" } }] }),
      fileName: null,
    },
    { env: {} },
  );

const anybody = { mode: "auto", slaveIds: [], labels: {}, capabilities: [], minSlaves: 1, maxSlaves: null };

test.each([
  ["nothing", undefined, {}],
  ["ids alone mean manual", { slave_ids: ["a", "b", "a"] }, { mode: "manual", slaveIds: ["a", "b"] }],
  [
    "labels alone mean label",
    { labels: { env: "prod", zone: 1 } },
    { mode: "label", labels: { env: "prod", zone: "1" } },
  ],
  ["capabilities alone mean capability", { capabilities: ["x"] }, { mode: "capability", capabilities: ["x"] }],
  [
    "a mode with a further condition",
    { mode: "auto", labels: { a: "b" }, min_slaves: 2, max_slaves: 5 },
    { labels: { a: "b" }, minSlaves: 2, maxSlaves: 5 },
  ],
])("target_slaves: %s", (_, written, resolved) => {
  const loaded = load(written === undefined ? {} : { target_slaves: written });
  if ("problems" in loaded) throw new Error(JSON.stringify(loaded.problems));
  expect(loaded.workflow.targetSlaves).toEqual({ ...anybody, ...resolved });
});

test.each([
  [{ mode: "manual" }, "options.target_slaves", "mode manual needs `slave_ids`; give at least one slave's id"],
  [{ mode: "label" }, "options.target_slaves", "mode label needs `labels`; give at least one label"],
  [
    { mode: "auto", slave_ids: ["a"] },
    "options.target_slaves.slave_ids",
    "mode auto does not use `slave_ids`; write `mode: manual`",
  ],
  [{ slave_ids: ["a"], min_slaves: 2 }, "options.target_slaves.min_slaves", "2 is more than the 1 of `slave_ids`"],
  [{ min_slaves: 3, max_slaves: 2 }, "options.target_slaves.max_slaves", "2 is less than `min_slaves` (3)"],
])("target_slaves that cannot be: %j", (written, path, message) => {
  expect(load({ target_slaves: written })).toMatchObject({ problems: [{ path, message }] });
});

test("what a loss and a late slave mean", () => {
  const read = (options: object) => {
    const loaded = load(options);
    if ("problems" in loaded) throw new Error(JSON.stringify(loaded.problems));
    return [loaded.workflow.onSlaveLoss, loaded.workflow.onSlaveJoin];
  };
  expect(read({})).toEqual(["redistribute", "fill"]);
  expect(read({ on_slave_loss: "abort", on_slave_join: "rebalance" })).toEqual(["abort", "rebalance"]);
  expect(read({ on_slave_loss: "continue" })).toEqual(["continue", "fill"]);
});
