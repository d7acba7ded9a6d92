import { expect, test } from "vitest";
import { EngineError, run } from "../../src/index.ts";
import { startDemo } from "../support/demo.ts";

test("run resolves with the report", async () => {
  const { url, requests } = await startDemo();
  const steps = [{ id: "get", type: "http", config: { url: "${base}/get" } }];
  const report = await run({ options: { iterations: 5 }, steps }, { variables: { base: url } });
  expect(report).toMatchObject({ status: "completed", passed: true });
  expect([report.metrics["http_reqs"]?.values["count"], requests()]).toEqual([5, 5]);
});

test("run takes YAML", async () => {
  const { url } = await startDemo();
  const report = await run(`steps: [{type: http, config: {url: "${url}/status/500"}}]`);
  expect(report).toMatchObject({ status: "failed", reason: "nothing_succeeded" });
});

test("run refuses a bad workflow with all problems", async () => {
  const failure = await run({ options: { vus: 0 }, stepz: [] }).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(EngineError);
  expect(failure).toMatchObject({ code: "invalid_workflow" });
  expect((failure as EngineError).problems.length).toBeGreaterThan(1);
});

test("an abort stops the run and the report still comes", async () => {
  const { url, requests } = await startDemo();
  const stop = new AbortController();
  const running = run(
    { options: { duration: "1h", think_time: "10ms" }, steps: [{ type: "http", config: { url: `${url}/get` } }] },
    { signal: stop.signal },
  );
  await expect.poll(requests).toBeGreaterThan(2);
  stop.abort();
  expect(await running).toMatchObject({ status: "aborted", reason: "stopped_by_api" });
});
