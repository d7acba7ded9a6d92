import { expect, onTestFinished, test } from "vitest";
import type { Report } from "../../src/protocol/report.ts";
import { runCommand } from "../support/command.ts";
import { startHttpTarget } from "../support/http-steps.ts";

/** Runs a workflow against a target that answers every request with its number, from 1; gives what was asked, sorted. */
async function run(
  workflow: { readonly options?: object; readonly [key: string]: unknown },
  args: readonly string[] = [],
): Promise<readonly string[]> {
  let number = 0;
  const target = await startHttpTarget((_request, response) => response.end(String(++number)));
  onTestFinished(() => target.close());
  const definition = { ...workflow, options: { http: { base_url: target.url }, ...workflow.options } };
  const stdin = JSON.stringify(definition);
  const { stdout } = await runCommand(["run", "-", "--json", "--threads", "2", ...args], { stdin });
  const report = JSON.parse(stdout) as Report;
  expect(report).toMatchObject({ status: "completed", errors: [] });
  return target.seen.map(({ url }) => url).toSorted();
}

const ask = (url: string, name?: string, scope: "iteration" | "vu" = "iteration"): object => ({
  type: "http",
  http: { url },
  ...(name === undefined ? {} : { extract: [{ name, from: "body", scope }] }),
});
const repeat = (url: string, times: number): string[] => Array.from({ length: times }, () => url);

test("what setup sets is read by every VU in every iteration, also by teardown", async () => {
  const seen = await run({ setup: [ask("/set", "s")], steps: [ask("/get?s=${s}")], teardown: [ask("/end?s=${s}")] }, [
    "-u",
    "2",
    "-i",
    "6",
  ]);
  expect(seen).toEqual(["/end?s=1", ...repeat("/get?s=1", 6), "/set"]);
});

test("an iteration may hide what setup set, for itself; the next one sees setup's", async () => {
  const seen = await run({ setup: [ask("/set", "s")], steps: [ask("/first?s=${s}", "s"), ask("/second?s=${s}")] }, [
    "-i",
    "2",
  ]);
  expect(seen).toEqual(["/first?s=1", "/first?s=1", "/second?s=2", "/second?s=4", "/set"]);
});

test("what vu_setup sets lives as long as its VU and is no other VU's, also in vu_teardown", async () => {
  const workflow = {
    options: { mode: "per-vu-iterations", vus: 1, iterations: 3 },
    vu_setup: [ask("/own", "v")],
    steps: [ask("/get?v=${v}")],
    vu_teardown: [ask("/bye?v=${v}")],
  };
  expect(await run(workflow)).toEqual(["/bye?v=1", ...repeat("/get?v=1", 3), "/own"]);
  const seen = await run({ ...workflow, options: { ...workflow.options, vus: 2 } });
  const values = seen.filter((url) => url.startsWith("/bye")).map((url) => url.slice("/bye?v=".length));
  expect(new Set(values).size).toBe(2);
  for (const value of values) expect(seen.filter((url) => url === `/get?v=${value}`)).toHaveLength(3);
});

test("what an iteration sets ends with it", async () => {
  const seen = await run({ steps: [ask("/get?x=${x ?? 'none'}", "x"), ask("/again?x=${x}")] }, ["-i", "3"]);
  expect(seen).toEqual(["/again?x=1", "/again?x=3", "/again?x=5", ...repeat("/get?x=none", 3)]);
});

test("what is extracted with the scope vu lives on in the VU's next iterations", async () => {
  const seen = await run({ steps: [ask("/get?x=${x ?? 'none'}", "x", "vu")] }, ["-i", "3"]);
  expect(seen).toEqual(["/get?x=1", "/get?x=2", "/get?x=none"]);
});

test("-e wins over the variables of the workflow and of the scenario, which wins over the workflow's", async () => {
  const workflow = {
    variables: { a: "workflow", b: "workflow", c: "workflow" },
    scenarios: {
      one: { iterations: 1, variables: { b: "scenario", c: "scenario" }, steps: [ask("/?a=${a}&b=${b}&c=${c}")] },
    },
  };
  expect(await run(workflow, ["-e", "c=given"])).toEqual(["/?a=workflow&b=scenario&c=given"]);
});

test("a fragment has its parameters and what it sets to itself; what lives as long as the VU is shared", async () => {
  const workflow = {
    fragments: {
      f: {
        params: { p: "default" },
        steps: [ask("/in?p=${p}&outer=${x ?? 'hidden'}", "x"), ask("/own?x=${x}", "kept", "vu")],
        results: { back: "x" },
      },
    },
    steps: [
      ask("/first", "x"),
      { type: "call", config: { fragment: "f", params: { p: "${x}" }, results: { r: "back" } } },
      ask("/out?x=${x}&r=${r}&kept=${kept}"),
    ],
  };
  expect(await run(workflow, ["-i", "1"])).toEqual([
    "/first",
    "/in?p=1&outer=hidden",
    "/out?x=1&r=2&kept=3",
    "/own?x=2",
  ]);
});
