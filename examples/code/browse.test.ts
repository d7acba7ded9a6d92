// A load test inside a test runner: the same workflow for a second, and what its report must say.
//
//   npm install workflow-engine
//   DEMO_URL=http://localhost:3000 node --test browse.test.ts
import assert from "node:assert/strict";
import { test } from "node:test";
import { run } from "workflow-engine";
import browse from "./browse.ts";

test("the shop holds five visitors", async () => {
  const workflow = { ...browse, options: { ...browse.options, duration: "1s" } };
  const report = await run(workflow, { env: { DEMO_URL: process.env.DEMO_URL ?? "http://localhost:3000" } });
  assert.equal(report.passed, true, JSON.stringify(report.errors));
  assert.ok(Number(report.metrics.iterations?.values.count) > 0);
});
