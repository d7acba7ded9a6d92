import { afterEach, describe, expect, test } from "vitest";
import { makeAssertion, makeExtraction, makeStep, makeWorkflow, startFlow } from "../../test/support/flow-run.ts";
import { type HttpTarget, startHttpTarget } from "../../test/support/http-steps.ts";
import { type HttpConfig, plainGet } from "../protocol/http-config.ts";
import { createRecorder } from "../measure/thread-recorder.ts";
import type { JsonObject } from "../protocol/json.ts";
import type { Executor } from "../protocol/step.ts";
import type { Step, Workflow } from "../protocol/workflow.ts";
import { createSystemClock } from "../run/system-clock.ts";
import type { CompiledWorkflow } from "./compiled.ts";
import { compileWorkflow } from "./compile-workflow.ts";
import { noFeeds } from "../data/feeds.ts";
import { noMeetings } from "./rendezvous/meetings.ts";

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

function makeHttpStep(id: string, config: Partial<HttpConfig>, more: Partial<Step> = {}): Step {
  return makeStep(id, { type: "http", config: { ...plainGet("/"), ...config } as unknown as JsonObject, ...more });
}

/** The whole of it with the real executor, clock and recorder. */
async function compileReal(
  workflow: Workflow,
): Promise<{ compiled: CompiledWorkflow; errors: () => readonly string[] }> {
  const clock = createSystemClock({ now: () => performance.now(), wall: Date.now });
  const masker = (text: string) => text;
  const recorder = createRecorder({ clock, masker });
  const compiled = await compileWorkflow({
    workflow,
    inputs: { env: {}, secrets: {} },
    slaveId: "local",
    recorder,
    clock,
    random: Math.random,
    log: () => undefined,
    permit: { maySend: () => true, refuses: () => null },
    connections: {},
    opensFiles: false,
    threads: 1,
    masker,
    files: new Map(),
    feeds: noFeeds,
    meetings: noMeetings,
  });
  closers.push(() => compiled.close());
  return {
    compiled,
    errors: () => recorder.cut().errors.map(({ stepId, code, message }) => `${stepId} ${code}: ${message}`),
  };
}

describe("with real http", () => {
  let target: HttpTarget;
  const start = async (): Promise<string> => {
    target = await startHttpTarget(({ url, headers }, response) => {
      if (url === "/login") response.writeHead(201, { "content-type": "application/json" }).end('{"token": "t-1"}');
      else if (url === "/slow") setTimeout(() => response.end(), 10_000).unref();
      else response.writeHead(headers.authorization === "Bearer t-1" ? 200 : 401).end("hello");
    });
    closers.push(() => target.close());
    return target.url;
  };

  test("a login hands its token to the next step", async () => {
    const base = await start();
    const login = makeHttpStep(
      "login",
      { url: "${base}/login", method: "POST" },
      { extract: [makeExtraction("token", "$.token")], assert: [makeAssertion(201)] },
    );
    const me = makeHttpStep(
      "me",
      { url: "${base}/me", headers: [["authorization", "Bearer ${token}"]] },
      { assert: [makeAssertion(200), makeAssertion("hello", { type: "body", name: "greets" })] },
    );
    const workflow = makeWorkflow([login, me], { workflow: { variables: { base } } });
    const { compiled, errors } = await compileReal(workflow);
    const scenario = compiled.scenarios[0];
    const vu = scenario?.createVu(1, new AbortController().signal);
    if (scenario === undefined || vu === undefined) throw new Error("no scenario");
    expect(await scenario.iteration(vu)).toBe("passed");
    expect(await scenario.iteration(vu)).toBe("passed");
    expect(errors()).toEqual([]);
    expect(target.seen.map(({ method, url, connection }) => `${method} ${url} ${connection}`)).toEqual([
      "POST /login 1",
      "GET /me 1",
      "POST /login 1",
      "GET /me 1",
    ]);
    scenario.closeVu(vu);
  });

  test("a timeout of the step ends the request with k6's code", async () => {
    const base = await start();
    // The connection is there already: its time to open would have a code of its own.
    const first = makeHttpStep("first", { url: `${base}/login` });
    const slow = makeHttpStep("slow", { url: `${base}/slow` }, { timeoutMs: 30 });
    const { compiled, errors } = await compileReal(makeWorkflow([first, slow]));
    const scenario = compiled.scenarios[0];
    const vu = scenario?.createVu(1, new AbortController().signal);
    if (scenario === undefined || vu === undefined) throw new Error("no scenario");
    expect(await scenario.iteration(vu)).toBe("failed");
    expect(errors()).toEqual([expect.stringMatching(/^slow 1050: /)]);
    scenario.closeVu(vu);
  });

  test("an abort interrupts the request", async () => {
    const base = await start();
    const { compiled, errors } = await compileReal(makeWorkflow([makeHttpStep("slow", { url: `${base}/slow` })]));
    const scenario = compiled.scenarios[0];
    const stop = new AbortController();
    const vu = scenario?.createVu(1, stop.signal);
    if (scenario === undefined || vu === undefined) throw new Error("no scenario");
    const iteration = scenario.iteration(vu);
    while (target.seen.length === 0) await new Promise((resolve) => setImmediate(resolve));
    stop.abort();
    expect(await iteration).toBe("interrupted");
    expect(errors()).toEqual([]);
    scenario.closeVu(vu);
  });
});

describe("executors", () => {
  test("one per type in use, with a place of its own, closed with the workflow", async () => {
    const slots: number[] = [];
    const closed: number[] = [];
    const load = () =>
      Promise.resolve(({ slot }: { readonly slot: number }): Executor => {
        slots.push(slot);
        return {
          compile: () => () => Promise.reject(new Error("not run")),
          close: () => Promise.resolve(void closed.push(slot)),
        };
      });
    const unused = () => Promise.reject(new Error("loaded without need"));
    const steps = [makeStep("a"), makeStep("b", { postHook: [makeStep("c", { type: "other" })] })];
    const disabled = makeStep("d", { type: "unused", disabled: true });
    const flow = await startFlow([...steps, disabled], { executors: { op: load, other: load, unused } });
    expect(slots).toEqual([0, 1]);
    await flow.compiled.close();
    expect(closed).toEqual([0, 1]);
  });

  test("are closed when a step cannot be compiled", async () => {
    const closed: string[] = [];
    const load = () =>
      Promise.resolve(
        (): Executor => ({
          compile: () => () => Promise.reject(new Error("not run")),
          close: () => Promise.resolve(void closed.push("op")),
        }),
      );
    const step = makeStep("a", { condition: "nowhere == 1" });
    await expect(startFlow([step], { executors: { op: load } })).rejects.toMatchObject({ code: "template" });
    expect(closed).toEqual(["op"]);
  });
});

test("an RFC 9535 path beyond names and indices loads its library", async () => {
  const step = makeStep("a", { extract: [makeExtraction("id", "$..[?@.last == true].id")] });
  const flow = await startFlow([step, makeStep("b", { config: { it: "${id}" } })], {
    behave: () => ({ body: '{"items": [{"id": 1}, {"id": 2, "last": true}]}' }),
  });
  expect(await flow.iterate()).toBe("passed");
  expect(flow.calls[1]?.config).toEqual({ it: 2 });
});

test("scenarios have their own variables and tags, and share the executors", async () => {
  const look = (id: string) => makeStep(id, { config: { it: "${who}" } });
  const base = makeWorkflow([]).scenarios[0];
  if (base === undefined) throw new Error("no scenario");
  const scenarios = ["one", "two"].map((name) => ({ ...base, name, steps: [look(name)], variables: { who: name } }));
  const flow = await startFlow([], { workflow: { scenarios } });
  for (const scenario of flow.compiled.scenarios) {
    await scenario.iteration(scenario.createVu(1, flow.stop.signal));
  }
  expect(flow.calls.map((call) => call.config)).toEqual([{ it: "one" }, { it: "two" }]);
  expect(flow.contexts.get("two")?.tags["scenario"]).toBe("two");
});
