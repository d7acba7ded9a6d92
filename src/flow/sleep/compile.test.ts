import { expect, test } from "vitest";
import { makeSleep, makeStep, startFlow } from "../../../test/support/flow-run.ts";

test("waits on the clock and records no duration", async () => {
  const flow = await startFlow([makeSleep("rest", 250), makeStep("a")]);
  const iteration = flow.iterate();
  await flow.clock.turn(249);
  expect(flow.ran).toEqual([]);
  await flow.clock.turn(1);
  expect(await iteration).toBe("passed");
  const { series, trends } = flow.cut();
  expect(series["step_failed{step:rest}"]).toBe("0/1");
  expect(trends).toEqual({ "step_duration{step:a}": [1, 5000] });
});

test("draws evenly from a range", async () => {
  const random = [0, 0.25, 1 - 2 ** -53];
  const rest = makeStep("rest", { type: "sleep", config: { duration: { minMs: 100, maxMs: 300 } } });
  const flow = await startFlow([rest], { random: () => random.shift() ?? 0 });
  for (const length of [100, 150, 300]) {
    const iteration = flow.iterate();
    await flow.clock.turn(length - 1);
    expect(flow.clock.pending).toBe(1);
    await flow.clock.turn(1);
    expect(await iteration).toBe("passed");
  }
});

test("an abort ends it at once", async () => {
  const flow = await startFlow([makeSleep("rest", 60_000)]);
  const iteration = flow.iterate();
  await flow.clock.turn(1);
  flow.stop.abort();
  expect(await iteration).toBe("interrupted");
  expect(flow.clock.pending).toBe(0);
});

test("its own timeout cuts it short", async () => {
  const flow = await startFlow([makeSleep("rest", 1000, { timeoutMs: 100 })]);
  const iteration = flow.iterate();
  await flow.clock.turn(100);
  expect(await iteration).toBe("failed");
  expect(flow.cut().errors).toEqual({ "rest timeout: the sleep was cut short by a timeout": 1 });
});

test("a template that yields no duration fails it with code template", async () => {
  const flow = await startFlow([makeSleep("rest", "${pause}")], { workflow: { variables: { pause: [1] } } });
  expect(await flow.iterate()).toBe("failed");
  expect(flow.cut().errors).toEqual({
    "rest template: ${pause} is a list of 1, no duration; write one as 500ms or 1.5s": 1,
  });
});
