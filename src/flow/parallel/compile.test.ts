import { expect, test } from "vitest";
import {
  type Answer,
  makeExtraction,
  makeFlow,
  makeGroup,
  makeSleep,
  makeStep,
  startFlow,
} from "../../../test/support/flow-run.ts";
import type { Step } from "../../protocol/workflow.ts";

const refused: Answer = { status: 0, failure: { code: "1212", message: "refused" } };
const see = (id: string, text: string): Step => makeStep(id, { config: { text } });

test("branches run side by side, so many at a time", async () => {
  const steps = Array.from({ length: 5 }, (_, at) =>
    makeGroup(`g${at}`, [makeStep(`a${at}`), makeSleep(`s${at}`, 100)]),
  );
  const flow = await startFlow([makeFlow("parallel", "p", { steps, concurrency: 2 }), makeStep("after")]);
  const iteration = flow.iterate();
  await flow.clock.turn(50);
  expect(flow.ran).toEqual(["a0", "a1"]);
  await flow.clock.turn(100);
  expect(flow.ran).toEqual(["a0", "a1", "a2", "a3"]);
  await flow.clock.turn(150);
  expect(await iteration).toBe("passed");
  expect(flow.ran.at(-1)).toBe("after");
  expect(flow.cut().trends).toMatchObject({ "step_duration{step:p}": [1, 300_000] });
});

test("a branch sees what was set before; what branches set is put together in the order of the list", async () => {
  const branch = (id: string, ms: number): Step =>
    makeGroup(`g-${id}`, [
      see(`see-${id}`, "${x} ${y ?? 'none'}"),
      makeSleep(`s-${id}`, ms),
      makeStep(id, { extract: [makeExtraction("y", "$.v"), makeExtraction(`only_${id}`, "$.v")] }),
      see(`own-${id}`, "${y}"),
    ]);
  const before = makeStep("before", { extract: [makeExtraction("x", "$.v")] });
  const parallel = makeFlow("parallel", "p", { steps: [branch("a", 50), branch("b", 10)] });
  const flow = await startFlow([before, parallel, see("after", "${y} ${only_a} ${only_b} ${response.body}")], {
    behave: ({ step }) => ({ body: `{"v": "${step}"}` }),
  });
  const iteration = flow.iterate();
  await flow.clock.turn(50);
  expect(await iteration).toBe("passed");
  const texts = flow.calls.flatMap(({ config }) => (config as { text?: string }).text ?? []);
  // The branch a ends last, but stands first.
  expect(texts).toEqual(["before none", "before none", "b", "a", 'b a b {"v": "own-b"}']);
});

test("what branches keep for the VU's life is there behind them, and templated variables have one value", async () => {
  const steps = ["a", "b"].map((id) =>
    makeStep(id, { config: { text: "${drawn}" }, extract: [makeExtraction(`kept_${id}`, "$.v", { scope: "vu" })] }),
  );
  let draws = 0;
  const flow = await startFlow([makeFlow("parallel", "p", { steps }), see("after", "${kept_a}${kept_b}${drawn}")], {
    workflow: { variables: { drawn: "${random_int(0, 9)}" } },
    random: () => (draws++ % 10) / 10,
    behave: ({ step }) => ({ body: `{"v": "${step}"}` }),
  });
  await flow.iterate();
  expect(flow.calls.map(({ config }) => (config as { text: unknown }).text)).toEqual([0, 0, "ab0"]);
  expect([...flow.vu.vuVariables]).toEqual([
    ["kept_a", "a"],
    ["kept_b", "b"],
  ]);
});

test("branches share the executors' resource of the VU", async () => {
  const flow = await startFlow([makeFlow("parallel", "p", { steps: [makeStep("a"), makeStep("b")] }), makeStep("c")]);
  await flow.iterate();
  await flow.iterate();
  flow.scenario.closeVu(flow.vu);
  expect(flow.resourceEvents).toEqual(["begin", "close"]);
});

test("all branches run to their end when one fails, and the step fails once", async () => {
  const steps = [makeStep("a"), makeGroup("g", [makeSleep("s", 100), makeStep("b")])];
  const flow = await startFlow([makeFlow("parallel", "p", { steps }), makeStep("never")], {
    behave: ({ step }) => (step === "a" ? refused : {}),
  });
  const iteration = flow.iterate();
  await flow.clock.turn(100);
  expect(await iteration).toBe("failed");
  expect(flow.ran).toEqual(["a", "b"]);
  expect(flow.cut().series).toMatchObject({ "step_failed{step:p}": "1/1", "step_failed{step:b,group:::g}": "0/1" });
});

test("fail_fast: no more steps begin, waits end, what runs is finished; the iteration fails and is not interrupted", async () => {
  let release = (): void => undefined;
  const slow = new Promise<Answer>((resolve) => {
    release = () => resolve({});
  });
  const steps = [
    makeGroup("g1", [makeSleep("s1", 10), makeStep("bad"), makeStep("x")]),
    makeGroup("g2", [makeSleep("s2", 1000), makeStep("y")]),
    makeGroup("g3", [makeStep("slow"), makeStep("z")]),
    makeStep("not-begun"),
  ];
  const parallel = makeFlow("parallel", "p", { steps, fail_fast: true, concurrency: 3 }, { onError: "continue" });
  const flow = await startFlow([parallel, makeStep("after")], {
    behave: ({ step }) => (step === "bad" ? refused : step === "slow" ? slow : {}),
  });
  const iteration = flow.iterate();
  await flow.clock.turn(20);
  expect(flow.ran).toEqual(["slow", "bad"]);
  expect(flow.clock.pending).toBe(0);
  release();
  expect(await iteration).toBe("failed");
  expect(flow.ran).toEqual(["slow", "bad", "after"]);
  expect(flow.cut().series).toMatchObject({ "step_failed{step:p}": "1/1", "step_failed{step:slow,group:::g3}": "0/1" });
});

test("fail_fast leaves the other branches alone when a failed step lets its list go on", async () => {
  const steps = [makeStep("bad", { onError: "continue" }), makeGroup("g", [makeSleep("s", 10), makeStep("b")])];
  const flow = await startFlow([makeFlow("parallel", "p", { steps, fail_fast: true })], {
    behave: ({ step }) => (step === "bad" ? refused : {}),
  });
  const iteration = flow.iterate();
  await flow.clock.turn(10);
  expect(await iteration).toBe("failed");
  expect(flow.ran).toEqual(["bad", "b"]);
});

test("a stop ends every branch at once, also with fail_fast", async () => {
  for (const failFast of [false, true]) {
    const steps = [makeSleep("s1", 1000), makeGroup("g", [makeSleep("s2", 500), makeSleep("s3", 500)])];
    const flow = await startFlow([makeFlow("parallel", "p", { steps, fail_fast: failFast })]);
    const iteration = flow.iterate();
    await flow.clock.turn(600);
    flow.stop.abort();
    expect(await iteration).toBe("interrupted");
    expect(flow.clock.pending).toBe(0);
    expect(flow.cut().series["step_failed{step:p}"]).toBeUndefined();
  }
});

test("a loop around branches gives each its own names", async () => {
  const parallel = makeFlow("parallel", "p", {
    steps: [
      makeFlow("loop", "in", { items: ["x"], steps: [see("a", "${loop.index}${item}")] }),
      see("b", "${loop.index}${item}"),
    ],
  });
  const flow = await startFlow([makeFlow("loop", "out", { items: ["m", "n"], steps: [parallel] })]);
  await flow.iterate();
  expect(flow.calls.map(({ config }) => (config as { text: string }).text)).toEqual(["0x", "0m", "0x", "1n"]);
});
