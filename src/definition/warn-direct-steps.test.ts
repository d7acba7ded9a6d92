import { expect, test } from "vitest";
import { loadWorkflowObject } from "./load-workflow.ts";

const steps = [
  { type: "group", config: { steps: [{ type: "mq", config: { type: "nats", topic: "a", message: "x" } }] } },
  { type: "db", config: { driver: "postgres", query: "SELECT 1" } },
  { type: "db", config: { driver: "postgres", query: "SELECT 2" } },
  { type: "socket", config: { host: "127.0.0.1", port: 1 } },
  { type: "grpc", config: { address: "127.0.0.1:1", method: "a.B/C", reflection: true } },
  { type: "http", config: { url: "http://a.test/" } },
];

function warningsOf(workflow: object): readonly string[] {
  const loaded = loadWorkflowObject(workflow, { env: {} });
  const told = "problems" in loaded ? loaded.problems : loaded.warnings;
  return told.map(({ severity, path, message }) => `${severity} ${path}: ${message}`);
}

test("steps that go past the proxy of options.http are told once, at the proxy", () => {
  expect(warningsOf({ options: { http: { proxy: "http://p:1" } }, steps })).toEqual([
    "warning options.http.proxy: db, grpc, mq, socket steps dial directly: the proxy is not for them",
  ]);
  expect(warningsOf({ setup: steps.slice(1, 2), options: { http: { proxy: "env" } }, steps: steps.slice(-1) })).toEqual(
    ["warning options.http.proxy: db steps dial directly: the proxy is not for them"],
  );
});

test("without a proxy, or with http steps alone, there is nothing to tell", () => {
  expect(warningsOf({ steps })).toEqual([]);
  expect(warningsOf({ options: { http: { proxy: "http://p:1" } }, steps: steps.slice(-1) })).toEqual([]);
});
