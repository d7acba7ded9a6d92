import { expect, test } from "vitest";
import { makeFlow, makeStep, startFlow } from "../../../test/support/flow-run.ts";

test("weights are drawn in their proportion; a weight of 0 never", async () => {
  let draw = 0;
  const cases = [
    { weight: 1, steps: [makeStep("a")] },
    { weight: 0, steps: [makeStep("never")] },
    { weight: 2.5, steps: [makeStep("b")] },
    { weight: 1.5, steps: [makeStep("c")] },
  ];
  const flow = await startFlow([makeFlow("switch", "s", { cases })], { random: () => (draw++ % 100) / 100 });
  for (let iteration = 0; iteration < 100; iteration++) await flow.iterate();
  const ran = Object.groupBy(flow.calls, (call) => call.step);
  expect(Object.fromEntries(Object.entries(ran).map(([step, calls]) => [step, calls?.length]))).toEqual({
    a: 20,
    b: 50,
    c: 30,
  });
});

test("the first true expression runs, else the default", async () => {
  const cases = [
    { expression: "vu.iteration == 0", steps: [makeStep("a")] },
    { expression: "vu.iteration < 2", steps: [makeStep("b")] },
  ];
  const flow = await startFlow([makeFlow("switch", "s", { cases, default: [makeStep("d")] })]);
  for (let iteration = 0; iteration < 3; iteration++) expect(await flow.iterate()).toBe("passed");
  expect(flow.ran).toEqual(["a", "b", "d"]);
});

test("without a default nothing runs, and the step passes", async () => {
  const flow = await startFlow([makeFlow("switch", "s", { cases: [{ expression: "false", steps: [makeStep("a")] }] })]);
  expect(await flow.iterate()).toBe("passed");
  expect(flow.ran).toEqual([]);
});
