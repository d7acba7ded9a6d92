import { expect, test } from "vitest";
import { makeFlow, makeStep, startFlow } from "../../../test/support/flow-run.ts";

const poll = (config: object): ReturnType<typeof makeFlow> =>
  makeFlow("wait_until", "w", { condition: "poll.body == done", interval: 100, ...config });

test("steps run before each look until the condition holds", async () => {
  const wait = poll({ condition: "poll.body == 'done'", steps: [makeStep("poll")] });
  const flow = await startFlow([wait], { behave: ({ number }) => ({ body: number === 3 ? "done" : "busy" }) });
  const iteration = flow.iterate();
  await flow.clock.turn(150);
  expect(flow.ran).toEqual(["poll", "poll#2"]);
  await flow.clock.turn(50);
  expect(await iteration).toBe("passed");
  expect(flow.cut().trends).toMatchObject({ "step_duration{step:w}": [1, 200_000] });
});

test("the time and the interval may be templates; the last look is at the end, and the message says how often", async () => {
  const wait = poll({ condition: "vu.id == 0", timeout: "${seconds}s", interval: "${400}ms" });
  const flow = await startFlow([wait], { workflow: { variables: { seconds: 1 } } });
  const iteration = flow.iterate();
  await flow.clock.turn(999);
  expect(flow.clock.pending).toBe(1);
  await flow.clock.turn(1);
  expect(await iteration).toBe("failed");
  expect(flow.cut().errors).toEqual({
    "w timeout: `vu.id == 0` did not hold within 1000 ms, looked at 4 times": 1,
  });
});

test("a failing step ends the wait unless its on_error lets it go on", async () => {
  const failure = { code: "http_404", message: "status 404" };
  for (const [onError, outcome, ran] of [
    ["abort", "failed", ["poll"]],
    ["skip", "passed", ["poll", "poll#2"]],
  ] as const) {
    const wait = poll({ condition: "poll.status_code == 200", steps: [makeStep("poll", { onError })] });
    const flow = await startFlow([wait], { behave: ({ number }) => (number === 1 ? { status: 404, failure } : {}) });
    const iteration = flow.iterate();
    await flow.clock.turn(100);
    expect(await iteration).toBe(outcome);
    expect(flow.ran).toEqual(ran);
  }
});

test("a template that yields no duration fails the step", async () => {
  const flow = await startFlow([poll({ condition: "false", interval: "${'soon'}" })]);
  expect(await flow.iterate()).toBe("failed");
  expect(Object.keys(flow.cut().errors)).toEqual([expect.stringMatching(/^w template: .*"soon", no duration/)]);
});
