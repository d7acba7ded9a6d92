import { expect, test } from "vitest";
import { loadWorkflowObject } from "../definition/load-workflow.ts";
import { stepSpecs } from "../step-specs.ts";
import * as builder from "./steps.ts";

const { breakLoop, call, condition, continueLoop, group, http, loop, ref, script, sleep, switchCase, workflow } =
  builder;

const names: Readonly<Record<string, string>> = {
  break: "breakLoop",
  continue: "continueLoop",
  switch: "switchCase",
  wait_until: "waitUntil",
};

test("every step type has a maker, under its own name or, where that is a word of the language, another", () => {
  const { workflow: _workflow, ref: _ref, ...makers } = builder;
  expect(Object.keys(makers).sort()).toEqual(
    Object.keys(stepSpecs)
      .map((type) => names[type] ?? type)
      .sort(),
  );
});

test("a maker gives what YAML would say", () => {
  expect(http("/cart")).toEqual({ type: "http", config: { url: "/cart" } });
  expect(http({ url: "/cart", method: "PUT", json: [1] }, { id: "cart", timeout: "1s" })).toEqual({
    id: "cart",
    timeout: "1s",
    type: "http",
    config: { url: "/cart", method: "PUT", json: [1] },
  });
  expect(group([sleep(5)])).toEqual({
    type: "group",
    config: { steps: [{ type: "sleep", config: { duration: 5 } }] },
  });
  expect(script("return 1", { id: "one" })).toEqual({ id: "one", type: "script", config: { script: "return 1" } });
  expect(breakLoop()).toEqual({ type: "break", config: {} });
  expect(continueLoop("outer")).toEqual({ type: "continue", config: { label: "outer" } });
  expect(call({ fragment: "login", params: { user: ref("vu.id") } })).toEqual({
    type: "call",
    config: { fragment: "login", params: { user: "${vu.id}" } },
  });
});

test("a workflow of makers is the one that YAML gives", () => {
  const built = workflow({
    id: "w",
    fragments: { login: { params: ["user"], steps: [http(`http://localhost:1/${ref("user")}`)] } },
    steps: [
      loop({ mode: "for", count: "${n}", steps: [call({ fragment: "login", params: { user: "${loop.index}" } })] }),
      condition({ expression: "1 < 2", then: [sleep("1ms")], else: [sleep("2ms")] }, { condition: "true" }),
      switchCase([{ weight: 1, steps: [sleep({ duration: { min: "1ms", max: "2ms" } })] }]),
    ],
    variables: { n: 3 },
  });
  const written = {
    id: "w",
    fragments: { login: { params: ["user"], steps: [{ type: "http", http: "http://localhost:1/${user}" }] } },
    steps: [
      {
        type: "loop",
        loop: {
          mode: "for",
          count: "${n}",
          steps: [{ type: "call", call: { fragment: "login", params: { user: "${loop.index}" } } }],
        },
      },
      {
        type: "condition",
        condition: "true",
        config: {
          expression: "1 < 2",
          then: [{ type: "sleep", sleep: "1ms" }],
          else: [{ type: "sleep", sleep: "2ms" }],
        },
      },
      { type: "switch", cases: [{ weight: 1, steps: [{ type: "sleep", duration: { min: "1ms", max: "2ms" } }] }] },
    ],
    variables: { n: 3 },
  };
  expect(loadWorkflowObject(built, { env: {} })).toEqual(loadWorkflowObject(written, { env: {} }));
});
