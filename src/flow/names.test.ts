import { describe, expect, test } from "vitest";
import { makeExtraction, makeStep, startFlow } from "../../test/support/flow-run.ts";
import type { Json } from "../protocol/json.ts";

/** The value of an expression in the config of a step after step `a`, which answers `{"id": 4}` with status 201. */
async function evaluate(text: string, more: Parameters<typeof startFlow>[1] = {}): Promise<unknown> {
  const flow = await startFlow([makeStep("a"), makeStep("api-call"), makeStep("z", { config: { it: text } })], {
    behave: ({ step }) =>
      step === "a" ? { status: 201, body: '{"id": 4}', headers: { "x-kind": "json" }, duration: 3 } : { status: 202 },
    ...more,
  });
  await flow.iterate();
  return (flow.calls.find((call) => call.step === "z")?.config as { it: unknown } | undefined)?.it;
}

describe("names", () => {
  const rows: readonly (readonly [string, unknown])[] = [
    ["${base}/users", "http://target/users"],
    ["${whole}", { list: [1, "scenario"] }],
    ["${env.HOME_URL}", "http://home"],
    ["${secret.KEY}", "hunter2"],
    ["${slave.id}", "slave-1"],
    ["${vu.id}", 7],
    ["${vu.iteration}", 0],
    ["${iteration}", 0],
    ["${a.status_code}", 201],
    ["${a.body}", '{"id": 4}'],
    ["${a.output.id}", 4],
    ["${a.headers['x-kind']}", "json"],
    ["${a.duration}", 3],
    ["${a.error_code}", ""],
    ['${steps["api-call"].status_code}', 202],
    ["${response.status_code}", 202],
    ["${shadowed}", "scenario"],
    ["$${base}", "${base}"],
  ];
  const variables = { base: "http://target", shadowed: "workflow", whole: { list: [1, "${shadowed}"] } };
  test.each(rows)("%s is %j", async (text, value) => {
    const inputs = { env: { HOME_URL: "http://home" }, secrets: { KEY: "hunter2" } };
    const scenario = { variables: { shadowed: "scenario" } };
    expect(await evaluate(text, { workflow: { variables }, scenario, inputs })).toEqual(value);
  });
});

describe("what cannot be compiled is refused at the start", () => {
  const rows = [
    ["${nowhere}", {}, "`nowhere` is not known"],
    ["${a.", {}, "at character"],
    ["${p}", { p: "${q}", q: "${r}", r: "x${p}" }, "variables refer to each other in a circle: p -> q -> r -> p"],
  ] as const;
  test.each(rows)("%s", async (text, variables: Record<string, Json>, message) => {
    await expect(evaluate(text, { workflow: { variables } })).rejects.toThrow(message);
  });

  test("a step type that is not there", async () => {
    await expect(startFlow([makeStep("a", { type: "dance" })])).rejects.toThrow(
      /^the step type `dance` is not in this version; there are (\w+, )*group, (\w+, )*op, (\w+, )*sleep/,
    );
  });
});

test("a templated variable is evaluated once per iteration, at its first use", async () => {
  let draws = 0;
  const config = { one: "${user}", two: "${user}" };
  const flow = await startFlow([makeStep("a", { config }), makeStep("b", { config })], {
    workflow: { variables: { user: "u${random_int(0, 9)}", unused: "${random_int(0, 9)}" } },
    random: () => draws++ / 10,
  });
  await flow.iterate();
  await flow.iterate();
  expect(flow.calls.map((call) => call.config)).toEqual([
    { one: "u0", two: "u0" },
    { one: "u0", two: "u0" },
    { one: "u1", two: "u1" },
    { one: "u1", two: "u1" },
  ]);
});

test("lookup: what the iteration set, what lives with the VU, the variables", async () => {
  const look = { config: { it: "${token}" } };
  const steps = [
    makeStep("first", look),
    makeStep("vu", { extract: [makeExtraction("token", "$.vu", { scope: "vu" })], condition: "vu.iteration == 1" }),
    makeStep("second", look),
    makeStep("own", { extract: [makeExtraction("token", "$.own")] }),
    makeStep("third", look),
  ];
  const flow = await startFlow(steps, {
    workflow: { variables: { token: "variable" } },
    behave: () => ({ body: '{"vu": "vu", "own": null}' }),
  });
  for (let number = 0; number < 3; number++) await flow.iterate();
  const seen = flow.calls.flatMap((call) => (["first", "second", "third"].includes(call.step) ? [call.config] : []));
  const its = (...values: readonly unknown[]) => values.map((it) => ({ it }));
  expect(seen).toEqual(its("variable", "variable", null, "variable", "vu", null, "vu", "vu", null));
});

test("an iteration's variables, results and response end with it", async () => {
  const look = {
    config: { it: "${id ?? 'no id'} ${last.status_code ?? 'no result'} ${response.status_code ?? 'no response'}" },
  };
  const steps = [makeStep("first", look), makeStep("last", { extract: [makeExtraction("id", "$.id")] })];
  const flow = await startFlow(steps, { behave: () => ({ body: '{"id": 4}' }) });
  await flow.iterate();
  await flow.iterate();
  const firsts = flow.calls.filter((call) => call.step === "first").map((call) => call.config);
  expect(firsts).toEqual([{ it: "no id no result no response" }, { it: "no id no result no response" }]);
});
