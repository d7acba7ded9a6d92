import { expect, test } from "vitest";
import type { Report } from "../../src/protocol/report.ts";
import { expectCounts } from "../support/accounts.ts";
import { type Cluster, startCluster, waitUntil } from "../support/cluster.ts";
import { type CountingTarget, startTestTarget } from "../support/counting-target.ts";

/** Eight requests an iteration in loops, branches, a fragment and a retry, with waits between. */
function createFlow(target: CountingTarget, options: object): object {
  const get = (id: string, url: string): object => ({ id, type: "http", http: { url } });
  return {
    id: "flow",
    options: { http: { base_url: target.url }, ...options },
    fragments: {
      visit: {
        params: ["page"],
        steps: [get("visit", "/visit?page=${page}"), { type: "sleep", sleep: "10ms" }],
        results: { seen: "visit.status_code" },
      },
    },
    steps: [
      {
        type: "loop",
        id: "pages",
        loop: {
          items: ["a", "b", "c"],
          item_var: "page",
          steps: [{ type: "call", config: { fragment: "visit", params: { page: "${page}" } } }],
        },
      },
      {
        type: "parallel",
        id: "parts",
        steps: [
          get("left", "/left"),
          {
            type: "group",
            name: "right",
            steps: [{ type: "sleep", sleep: "20ms" }, get("right", "/right?seen=${seen}")],
          },
        ],
      },
      {
        type: "retry",
        id: "again",
        retry: {
          delay: "5ms",
          steps: [
            {
              type: "loop",
              id: "twice",
              loop: {
                count: 9,
                steps: [{ type: "break", condition: "loop.index == 2" }, get("turn", "/turn?n=${loop.iteration}")],
              },
            },
          ],
        },
      },
      {
        type: "condition",
        condition: { expression: "left.status_code == 200", then: [get("yes", "/yes")], else: [get("no", "/no")] },
      },
    ],
  };
}

const perIteration = { visit: 3, left: 1, right: 1, turn: 2, yes: 1 };
const requests = 8;

function expectWholeIterations(report: Report, iterations: number): void {
  const counts = Object.entries(perIteration).map(([id, times]) => [
    id,
    report.step_metrics[id]?.count,
    times * iterations,
  ]);
  for (const [id, count, expected] of counts) expect([id, count]).toEqual([id, expected]);
  expect(report.step_metrics["no"]).toBeUndefined();
}

const count = (report: Report, metric: string): number => report.metrics[metric]?.values["count"] ?? 0;

async function startTwo(): Promise<{ readonly cluster: Cluster; readonly target: CountingTarget }> {
  const target = await startTestTarget();
  const cluster = await startCluster();
  await cluster.addSlave("slave-1");
  await cluster.addSlave("slave-2");
  return { cluster, target };
}

test("a nested flow does on two slaves what it says, and a pause in its middle loses nothing", {
  timeout: 150_000,
}, async () => {
  const { cluster, target } = await startTwo();
  // All stand in the middle until the pause is there: however late it comes, it is not too late.
  await target.hold(40);
  const id = await cluster.submit(createFlow(target, { vus: 6, iterations: 60 }));
  await expect.poll(() => target.count()).toBeGreaterThan(40);
  expect((await cluster.call("POST", `/executions/${id}/pause`)).status).toBe(200);
  await target.release();
  // Iterations that run go to their end; then there is silence. All that the target was asked for are whole ones.
  let last = -1;
  let quietFrom = 0;
  await waitUntil(
    async () => {
      const { paused_ms: pausedMs } = await cluster.describe(id);
      const { total_iterations: ended } = await cluster.metrics(id);
      const before = last;
      last = await target.count();
      if (last !== before) quietFrom = pausedMs;
      return last === ended * requests && pausedMs > quietFrom + 500;
    },
    60_000,
    () => `${last} requests are no whole iterations, or more come while it is paused`,
  );
  expect(last).toBeLessThan(60 * requests);
  expect((await cluster.call("POST", `/executions/${id}/resume`)).status).toBe(200);
  const report = await cluster.finish(id);
  expect(report).toMatchObject({ status: "completed", passed: true, errors: [] });
  expect(count(report, "iterations")).toBe(60);
  expectWholeIterations(await expectCounts(cluster, id, target), 60);
  expect(await target.count()).toBe(60 * requests);
  const paths = (await target.list()).map(({ path }) => path);
  expect(paths.filter((path) => path === "/visit?page=b")).toHaveLength(60);
  expect(paths.filter((path) => path === "/right?seen=200")).toHaveLength(60);
  expect(paths.filter((path) => path === "/turn?n=2")).toHaveLength(60);
});

test("workflow files that are called travel with a submit, and no other file is read", {
  timeout: 150_000,
}, async () => {
  const target = await startTestTarget();
  const cluster = await startCluster();
  await cluster.addSlave("slave-1");
  const call = (workflow: string): object => ({ type: "call", config: { workflow } });
  const options = { iterations: 3, http: { base_url: target.url } };
  const texts = {
    "sub/a.json": JSON.stringify({
      variables: { q: "x" },
      steps: [{ type: "http", http: { url: "/a?q=${q}" } }, call("../b.yaml")],
    }),
    "b.yaml": "steps: [{ id: b, type: http, http: { url: /b } }]",
  };
  const files = Object.fromEntries(
    Object.entries(texts).map(([name, text]) => [name, Buffer.from(text).toString("base64")]),
  );
  const id = await cluster.submit({ id: "calls", options, steps: [call("sub/a.json")] }, { files });
  expect(await cluster.finish(id)).toMatchObject({ status: "completed", passed: true });
  expect((await target.list()).map(({ path }) => path).toSorted()).toEqual([
    "/a?q=x",
    "/a?q=x",
    "/a?q=x",
    "/b",
    "/b",
    "/b",
  ]);
  for (const name of ["/etc/hostname", "../../../../etc/hostname", "missing.yaml"]) {
    const refused = await cluster.call("POST", "/workflows", { workflow: { options, steps: [call(name)] }, files });
    expect(refused).toMatchObject({ status: 400, body: { error: "invalid_workflow" } });
    const { problems } = refused.body as {
      readonly problems: readonly { readonly path: string; readonly message: string }[];
    };
    expect(problems.map(({ path }) => path)).toEqual(["steps[0].config.workflow"]);
    expect(problems[0]?.message).toContain("cannot be read");
  }
});

test("a hard stop in the middle of loops and branches interrupts their iterations at once", {
  timeout: 150_000,
}, async () => {
  const { cluster, target } = await startTwo();
  const steps = [
    {
      type: "loop",
      loop: {
        condition: "true",
        max_iterations: 1_000_000,
        steps: [
          {
            type: "parallel",
            steps: [
              { id: "get", type: "http", http: { url: "/" } },
              { type: "wait_until", config: { condition: "false", timeout: "1h", interval: "1h" } },
            ],
          },
        ],
      },
    },
  ];
  const id = await cluster.submit({
    id: "stuck",
    options: { vus: 4, duration: "1h", graceful_stop: "1h", http: { base_url: target.url } },
    steps,
  });
  await waitUntil(
    async () => (await target.count()) === 4,
    60_000,
    () => "not four requests",
  );
  expect((await cluster.call("DELETE", `/executions/${id}?force=true`)).status).toBe(200);
  const report = await cluster.finish(id);
  expect(report).toMatchObject({ status: "aborted", reason: "stopped_by_api" });
  expect(count(report, "iterations")).toBe(0);
  expect(count(report, "interrupted_iterations")).toBe(4);
  expect(report.step_metrics["get"]).toMatchObject({ count: 4, failure_count: 0 });
  expect(Object.keys(report.step_metrics)).toEqual(["get"]);
});
