import { describe, expect, test } from "vitest";
import { type Answer, makeExtraction, makeSleep, makeStep, startFlow } from "../../../test/support/flow-run.ts";
import type { Json } from "../../protocol/json.ts";
import type { Step } from "../../protocol/workflow.ts";
import type { CallConfig } from "./spec.ts";

const refused: Answer = { status: 0, failure: { code: "1212", message: "refused" } };

/** A call as loading makes it. */
function makeCall(
  id: string,
  config: Partial<Omit<CallConfig, "steps">>,
  steps: readonly Step[],
  more: Partial<Step> = {},
): Step {
  const whole = {
    params: {},
    defaults: [],
    declared: [],
    returns: [],
    ...config,
    steps: steps as unknown as readonly Json[],
  };
  return makeStep(id, { type: "call", config: whole as unknown as Step["config"], ...more });
}

const see = (id: string, text: string): Step => makeStep(id, { config: { text } });
const extract = (name: string, more: object = {}): Step =>
  makeStep(`set-${name}`, { extract: [makeExtraction(name, "$.v", more)] });

describe("a call", () => {
  test("gives parameters of the caller, takes defaults inside, and hands results back", async () => {
    const config: Partial<CallConfig> = {
      params: { user: "u${vu.id}", list: ["${n}"] },
      defaults: [["greeting", "hi ${user}"]],
      declared: [["token", "user + '-' + v"]],
      returns: [["mine", "token + greeting"]],
    };
    const flow = await startFlow(
      [makeCall("c", config, [see("in", "${user} ${list} ${greeting}"), extract("v")]), see("out", "${mine}")],
      { workflow: { variables: { n: 5 } }, behave: () => ({ body: '{"v": "secret"}' }) },
    );
    expect(await flow.iterate()).toBe("passed");
    expect(flow.calls.map((call) => call.config)).toEqual([{ text: "u7 [5] hi u7" }, {}, { text: "u7-secrethi u7" }]);
    expect([...flow.vu.variables.keys()]).toEqual(["mine"]);
  });

  test("hides the caller's variables, and what it sets, from each other; what lasts is shared", async () => {
    const steps = [
      extract("a"),
      makeCall("c", {}, [see("in", "${a ?? 'none'} ${base}"), extract("b"), extract("kept", { scope: "vu" })]),
      see("out", "${a} ${b ?? 'none'} ${kept}"),
    ];
    const flow = await startFlow(steps, {
      workflow: { variables: { base: "x" } },
      behave: () => ({ body: '{"v": 1}' }),
    });
    await flow.iterate();
    const texts = flow.calls
      .map((call) => (call.config as { text?: string }).text)
      .filter((text) => text !== undefined);
    expect(texts).toEqual(["none x", "1 none 1"]);
  });

  test("a failing step fails it; nothing comes back, and the caller has its variables again", async () => {
    const call = makeCall("c", { returns: [["r", "1"]] }, [makeStep("a")], { onError: "continue" });
    const flow = await startFlow([extract("x"), call, see("out", "${x} ${r ?? 'none'}")], {
      behave: ({ step }) => (step === "a" ? refused : { body: '{"v": 1}' }),
    });
    expect(await flow.iterate()).toBe("failed");
    expect(flow.calls.at(-1)?.config).toEqual({ text: "1 none" });
    expect(flow.cut().series).toMatchObject({ "step_failed{step:c}": "1/1", "step_failed{step:a}": "1/1" });
  });

  test("a result without a value fails it", async () => {
    const never = makeStep("never", { condition: "vu.id == 0", extract: [makeExtraction("v", "$.v")] });
    const flow = await startFlow([makeCall("c", { returns: [["r", "v"]] }, [never])]);
    expect(await flow.iterate()).toBe("failed");
    expect(flow.cut().errors).toEqual({ 'c template: `v` has no value; give it one before, or write `v ?? "…"`': 1 });
    expect(flow.vu.variables.size).toBe(0);
  });

  test("the same steps called twice are the same series, and a call inside a call has variables of its own", async () => {
    const inner = [see("s", "${p}")];
    const outer = [makeCall("c1", { params: { p: "in" } }, inner), see("t", "${p}")];
    const flow = await startFlow([
      makeCall("c2", { params: { p: 1 } }, outer),
      makeCall("c3", { params: { p: 2 } }, inner),
    ]);
    await flow.iterate();
    expect(flow.calls.map(({ step, config }) => [step, (config as { text: unknown }).text])).toEqual([
      ["s", "in"],
      ["t", 1],
      ["s", 2],
    ]);
    expect(flow.cut().series).toMatchObject({ "step_failed{step:s}": "0/2" });
  });

  test("a stop ends it at once", async () => {
    const flow = await startFlow([extract("x"), makeCall("c", {}, [makeSleep("s", 1000)])], {
      behave: () => ({ body: '{"v": 1}' }),
    });
    const iteration = flow.iterate();
    await flow.clock.turn(10);
    flow.stop.abort();
    expect(await iteration).toBe("interrupted");
    expect(flow.vu.variables.get("x")).toBe(1);
  });
});
