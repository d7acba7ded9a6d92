import { expect, onTestFinished, test } from "vitest";
import { startHttpTarget } from "../../test/support/http-steps.ts";
import { loadWorkflowObject } from "../definition/load-workflow.ts";
import type { TargetLists } from "../protocol/ports.ts";
import type { Report } from "../protocol/report.ts";
import { createSystemClock } from "../run/system-clock.ts";
import { systemTime } from "../run/system-time.ts";
import { startLocal } from "./run-local.ts";

/** What a load on a target under each of these names comes to; `/away` redirects to `private.test`. */
async function run(targets: TargetLists, threads: number, urls: readonly string[]) {
  const target = await startHttpTarget((request, response) => {
    if (request.url === "/away") response.writeHead(302, { location: `http://private.test:${port}/` });
    response.end("ok");
  });
  onTestFinished(() => target.close());
  const { port } = new URL(target.url);
  const loaded = loadWorkflowObject(
    {
      options: {
        vus: threads,
        iterations: 1,
        on_error: "continue",
        mode: "per-vu-iterations",
        http: { hosts: { "open.test": "127.0.0.1", "private.test": "127.0.0.2" } },
      },
      steps: urls.map((url, at) => {
        const to = url.replace("PORT", port);
        return url.startsWith("http:")
          ? { id: `s${at}`, type: "http", config: { url: to } }
          : { id: `s${at}`, type: "db", config: { dsn: to, query: "SELECT 1" } };
      }),
    },
    { env: {} },
  );
  if ("problems" in loaded) throw new Error(JSON.stringify(loaded.problems));
  const execution = startLocal({
    workflow: loaded.workflow,
    inputs: { env: {}, secrets: {} },
    files: new Map(),
    threads,
    cores: 2,
    clock: createSystemClock(systemTime),
    random: Math.random,
    log: () => {},
    targets,
    connections: {},
    executionId: "x",
    engineVersion: "0",
  });
  const report = await execution.finished;
  return { report, seen: target.seen.length };
}

const errorsOf = ({ errors }: Report) =>
  errors.map(({ code, step_id, count }) => `${step_id} ${code} x${count}`).toSorted();

test.each([1, 2])(
  "target lists hold on %i thread(s): names, addresses after the look-up, redirects",
  async (threads) => {
    const urls = [
      "http://open.test:PORT/",
      "http://open.test:PORT/away",
      "http://private.test:PORT/",
      "http://no.test/",
    ];
    const { report, seen } = await run({ allow: [], deny: ["127.0.0.2/32", "no.test"] }, threads, urls);
    expect(errorsOf(report)).toEqual([`s1 1110 x${threads}`, `s2 1110 x${threads}`, `s3 1111 x${threads}`]);
    expect(report.errors.find(({ code }) => code === "1110")?.message).toMatch(
      /127\.0\.0\.2:\d+\) may not be dialled: slave\.targets\.deny has its address/,
    );
    expect(seen).toBe(2 * threads);
  },
);

test("databases are held to the lists as well, by the address that is dialled", async () => {
  const { report } = await run({ allow: [], deny: ["127.0.0.0/8"] }, 1, ["mysql://root@localhost:PORT/x"]);
  expect(errorsOf(report)).toEqual(["s0 1110 x1"]);
});

test("nothing reaches a target that is not allowed", async () => {
  const { report, seen } = await run({ allow: ["192.0.2.0/24"], deny: [] }, 1, ["http://open.test:PORT/"]);
  expect([report.status, report.reason, seen]).toEqual(["failed", "nothing_succeeded", 0]);
  expect(errorsOf(report)).toEqual(["s0 1110 x1"]);
});
