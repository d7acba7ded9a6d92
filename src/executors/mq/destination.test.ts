import { expect, test } from "vitest";
import { loadWorkflowObject } from "../../definition/load-workflow.ts";
import { findDestinationProblem } from "./destination.ts";

test("filters are for consumers, and what a broker would end the connection for is not sent", () => {
  const problem = (...given: Parameters<typeof findDestinationProblem>) => findDestinationProblem(...given);
  expect(problem("mqtt", "publish", "a/#")).toMatch(/^`a\/#` is a filter for consumers/);
  expect(problem("mqtt", "consume", "a/+/#")).toBeNull();
  expect(problem("mqtt", "consume", "a\0")).toMatch(/holds control characters/);
  expect(problem("nats", "publish", "a.*.b")).toMatch(/is a filter for consumers/);
  expect(problem("jetstream", "consume", "a.>")).toBeNull();
  expect(problem("nats", "consume", "a..b")).toMatch(/is no subject/);
  expect(problem("nats", "publish", "a b")).toMatch(/is no subject/);
  expect(problem("nats", "publish", "订单.*x")).toBeNull();
  expect(problem("rabbitmq", "publish", "a..#")).toBeNull();
});

test("an address and a destination that cannot be are problems of the workflow, and show nothing secret", () => {
  const config = { type: "kafka", url: "http://ann:geheim@x", topic: "a\nb", message: "x" };
  const loaded = loadWorkflowObject({ steps: [{ type: "mq", config }] }, { env: {} });
  expect("problems" in loaded && loaded.problems.map(({ path, message }) => `${path}: ${message}`)).toEqual([
    "steps[0].config.topic: `a\nb` holds control characters; remove them",
    "steps[0].config.url: the broker's address is no kafka URL; write kafka://user:password@host:9092 or host:9092",
  ]);
});
