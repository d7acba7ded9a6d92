import { describe, expect, test } from "vitest";
import { type Answer, makeExtraction, makeStep, startFlow } from "../../test/support/flow-run.ts";

const refused: Answer = { status: 0, failure: { code: "1212", message: "refused" } };

describe("iteration hooks", () => {
  const hooks = { preHook: [makeStep("before")], postHook: [makeStep("after")] };
  const rows = [
    ["nothing", "passed", "before a after"],
    ["before", "failed", "before"],
    ["a", "failed", "before a after"],
    ["after", "failed", "before a after"],
  ] as const;
  test.each(rows)("%s fails: the iteration %s after %s", async (failing, outcome, ran) => {
    const flow = await startFlow([makeStep("a")], {
      scenario: hooks,
      behave: ({ step }) => (step === failing ? refused : {}),
    });
    expect(await flow.iterate()).toBe(outcome);
    expect(flow.ran.join(" ")).toBe(ran);
  });

  test("after an interruption nothing runs", async () => {
    const flow = await startFlow([makeStep("a")], {
      scenario: hooks,
      behave: ({ step }) => ({ interrupted: step === "a" }),
    });
    expect(await flow.iterate()).toBe("interrupted");
    expect(flow.ran).toEqual(["before", "a"]);
  });

  test("a pre_hook that says continue lets the steps run; the iteration fails", async () => {
    const flow = await startFlow([makeStep("a")], {
      scenario: { ...hooks, preHook: [makeStep("before", { onError: "continue" })] },
      behave: ({ step }) => (step === "before" ? refused : {}),
    });
    expect(await flow.iterate()).toBe("failed");
    expect(flow.ran).toEqual(["before", "a", "after"]);
  });
});

describe("vu_setup and vu_teardown", () => {
  test("what vu_setup sets and answers lives as long as the VU", async () => {
    const look = makeStep("a", { config: { it: "${token} ${login.status_code}" } });
    const flow = await startFlow([look, makeStep("b", { extract: [makeExtraction("token", "$.own")] })], {
      scenario: {
        vuSetup: [makeStep("login", { extract: [makeExtraction("token", "$.token")] })],
        vuTeardown: [makeStep("logout", { config: { it: "${token}" } })],
      },
      behave: ({ step }) => (step === "login" ? { status: 201, body: '{"token": "t1"}' } : { body: '{"own": "t2"}' }),
    });
    expect(await flow.scenario.vuSetup(flow.vu)).toBe(true);
    await flow.iterate();
    await flow.iterate();
    await flow.scenario.vuTeardown(flow.vu);
    expect(flow.ran).toEqual(["login", "a", "b", "a#2", "b#2", "logout"]);
    expect(flow.calls.filter((call) => call.step === "a").map((call) => call.config)).toEqual([
      { it: "t1 201" },
      { it: "t1 201" },
    ]);
    expect(flow.calls.at(-1)?.config).toEqual({ it: "t1" });
  });

  test("a failing vu_setup says so; nothing else of the list runs", async () => {
    const flow = await startFlow([makeStep("a")], {
      scenario: { vuSetup: [makeStep("login"), makeStep("next")] },
      behave: () => refused,
    });
    expect(await flow.scenario.vuSetup(flow.vu)).toBe(false);
    expect(flow.ran).toEqual(["login"]);
    expect(flow.cut().errors).toEqual({ "login 1212: refused": 1 });
  });

  test("without steps they cost nothing and succeed", async () => {
    const flow = await startFlow([makeStep("a")]);
    expect(await flow.scenario.vuSetup(flow.vu)).toBe(true);
    await flow.scenario.vuTeardown(flow.vu);
    expect(flow.ran).toEqual([]);
  });
});

test("resources hear of every iteration, and are closed once", async () => {
  const flow = await startFlow([makeStep("a")], { scenario: { vuSetup: [makeStep("login")] } });
  await flow.scenario.vuSetup(flow.vu);
  expect(flow.resourceEvents).toEqual([]);
  await flow.iterate();
  await flow.iterate();
  flow.scenario.closeVu(flow.vu);
  flow.scenario.closeVu(flow.vu);
  expect(flow.resourceEvents).toEqual(["begin", "begin", "close"]);
});

describe("think time of a scenario", () => {
  test("is drawn from its range", async () => {
    const flow = await startFlow([makeStep("a")], { scenario: { thinkTime: { minMs: 1000, maxMs: 3000 } } });
    expect(flow.scenario.drawThinkTime?.(flow.vu)).toBe(2000);
    expect((await startFlow([makeStep("a")])).scenario.drawThinkTime).toBe(null);
  });

  test("that cannot be evaluated is recorded and counts as none", async () => {
    const thinkTime = { minMs: "${env.PAUSE}", maxMs: "${env.PAUSE}" };
    const flow = await startFlow([makeStep("a")], { scenario: { thinkTime }, inputs: { env: { PAUSE: "long" } } });
    expect(flow.scenario.drawThinkTime?.(flow.vu)).toBe(0);
    expect(flow.cut().errors).toEqual({
      ' template: ${env.PAUSE} is "long", no duration; write one as 500ms or 1.5s': 1,
    });
  });
});

test("VUs do not see each other's values", async () => {
  const steps = [
    makeStep("a", { extract: [makeExtraction("id", "$.id", { scope: "vu" })] }),
    makeStep("b", { config: { it: "${id}" } }),
  ];
  const flow = await startFlow(steps, { behave: ({ vu }) => ({ body: `{"id": ${vu.id}}` }) });
  const other = flow.scenario.createVu(8, new AbortController().signal);
  await Promise.all([flow.iterate(), flow.scenario.iteration(other)]);
  expect(flow.calls.filter((call) => call.step === "b").map((call) => call.config)).toEqual([{ it: 7 }, { it: 8 }]);
});
