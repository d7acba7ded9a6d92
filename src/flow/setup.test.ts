import { describe, expect, test } from "vitest";
import { type Answer, makeExtraction, makeStep, startFlow } from "../../test/support/flow-run.ts";

const refused: Answer = { status: 0, failure: { code: "1212", message: "refused by hunter2" } };
const login = makeStep("login", {
  extract: [makeExtraction("token", "$.token"), makeExtraction("big", "$.big", { scope: "vu", default: 1 })],
});

describe("setup", () => {
  test("gives what it set, and what is read of its results; everybody can read it afterwards", async () => {
    const look = {
      config: { it: "${token} ${login.status_code} ${login.output.token} ${steps['login'].status_code}" },
    };
    const flow = await startFlow([makeStep("a", look)], {
      workflow: { setup: [login, makeStep("warm")], teardown: [makeStep("bye", look)] },
      behave: ({ step }) => (step === "login" ? { status: 201, body: '{"token": "t"}' } : {}),
    });
    const vu = flow.compiled.createSharedVu(flow.stop.signal);
    expect(vu.id).toBe(0);
    const shared = await flow.compiled.setup(vu);
    expect(shared).toEqual({
      token: "t",
      big: 1,
      steps: {
        login: { status_code: 201, duration: 5, error_code: "", body: '{"token": "t"}', output: { token: "t" } },
      },
    });
    flow.compiled.share(structuredClone(shared));
    expect(await flow.iterate()).toBe("passed");
    await flow.compiled.teardown(flow.compiled.createSharedVu(flow.stop.signal));
    expect(flow.calls.slice(2).map((call) => [call.step, call.config])).toEqual([
      ["a", { it: "t 201 t 201" }],
      ["bye", { it: "t 201 t 201" }],
    ]);
    expect(flow.resourceEvents).toEqual(["close", "close"]);
  });

  test("its steps carry the group ::setup, without a scenario", async () => {
    const flow = await startFlow([makeStep("a")], { workflow: { setup: [login], teardown: [makeStep("bye")] } });
    expect(flow.contexts.get("login")?.tags).toEqual({ step: "login", name: "login", group: "::setup" });
    expect(flow.contexts.get("bye")?.tags).toEqual({ step: "bye", name: "bye", group: "::teardown" });
  });

  test("what is shared cannot be changed", async () => {
    const flow = await startFlow([makeStep("a")]);
    const list = { items: [{ id: 1 }] };
    flow.compiled.share({ list });
    expect(() => list.items.push({ id: 2 })).toThrow(TypeError);
    expect(() => Object.assign(list.items[0] ?? {}, { id: 2 })).toThrow(TypeError);
  });

  test("a step that fails fails it, named and masked; the rest does not run", async () => {
    const flow = await startFlow([makeStep("a")], {
      workflow: { setup: [makeStep("x"), login, makeStep("y")] },
      behave: ({ step }) => (step === "login" ? refused : {}),
    });
    await expect(flow.compiled.setup(flow.compiled.createSharedVu(flow.stop.signal))).rejects.toMatchObject({
      code: "setup_failed",
      message: "the setup failed at step login: refused by ***",
    });
    expect(flow.ran).toEqual(["x", "login"]);
    expect(flow.resourceEvents).toEqual(["close"]);
  });

  test("a skipped failure is none", async () => {
    const flow = await startFlow([makeStep("a")], {
      workflow: { setup: [makeStep("x", { onError: "skip" })] },
      behave: () => refused,
    });
    expect(await flow.compiled.setup(flow.compiled.createSharedVu(flow.stop.signal))).toEqual({});
  });

  test("more than 1 MiB is refused", async () => {
    const flow = await startFlow([makeStep("a")], {
      workflow: { setup: [login] },
      behave: () => ({ body: JSON.stringify({ token: "x".repeat(1024 * 1024) }) }),
    });
    await expect(flow.compiled.setup(flow.compiled.createSharedVu(flow.stop.signal))).rejects.toThrow(
      "the setup sets 1048596 bytes of variables, at most 1048576 can be handed on",
    );
  });

  test("an abort interrupts it", async () => {
    const flow = await startFlow([makeStep("a")], {
      workflow: { setup: [makeStep("x")] },
      behave: () => ({ interrupted: true }),
    });
    await expect(flow.compiled.setup(flow.compiled.createSharedVu(flow.stop.signal))).rejects.toMatchObject({
      code: "setup_failed",
      message: "the setup was interrupted",
    });
  });
});

test("a teardown step that fails is teardown_failed", async () => {
  const flow = await startFlow([makeStep("a")], { workflow: { teardown: [makeStep("bye")] }, behave: () => refused });
  await expect(flow.compiled.teardown(flow.compiled.createSharedVu(flow.stop.signal))).rejects.toMatchObject({
    code: "teardown_failed",
    message: "the teardown failed at step bye: refused by ***",
  });
});
