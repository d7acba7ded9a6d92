import { expect, test } from "vitest";
import { makeStep, startFlow } from "../../test/support/flow-run.ts";
import { fakeNames } from "../expression/fake-names.ts";

const config = Object.fromEntries(fakeNames.map((name) => [name, `\${faker.${name}()}`]));

async function draw(seed: number | null, locale = "en", iteration = 0): Promise<Record<string, unknown>> {
  const flow = await startFlow([makeStep("a", { config })], { workflow: { seed, locale }, random: Math.random });
  const { vu } = flow;
  vu.iteration = iteration;
  await flow.scenario.iteration(vu);
  return flow.calls[0]?.config as Record<string, unknown>;
}

test("every function makes up a text, another for each draw", async () => {
  const made = await draw(null);
  expect(Object.keys(made)).toEqual([...fakeNames]);
  for (const text of Object.values(made)) expect(text).toMatch(/\S/);
});

test("a seed and the number of the iteration decide all of them", async () => {
  expect(await draw(7)).toEqual(await draw(7));
  expect(await draw(7)).not.toEqual(await draw(8));
  expect(await draw(7)).not.toEqual(await draw(7, "en", 1));
});

test("names are those of the locale", async () => {
  expect((await draw(7, "zh_CN"))["name"]).toMatch(/^\p{Script=Han}+$/u);
});
