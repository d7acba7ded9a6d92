import { expect, test } from "vitest";
import type { Json } from "../../protocol/json.ts";
import type { HttpResources } from "../../protocol/workflow.ts";
import { readResources } from "./read-resources.ts";

const none: HttpResources = { include: [], exclude: [], required: false };
const shop: HttpResources = { include: ["^https://shop\\."], exclude: [], required: true };

function read(value: Json | undefined, otherwise: HttpResources | null = null) {
  const problems: string[] = [];
  const report = (path: readonly (string | number)[], message: string) =>
    void problems.push(`${path.join(".")}: ${message}`);
  return { resources: readResources(value, otherwise, { report }), problems };
}

test.each<[value: Json | undefined, otherwise: HttpResources | null, resources: HttpResources | null]>([
  [undefined, null, null],
  [undefined, shop, shop],
  [false, shop, null],
  [true, null, none],
  [true, shop, shop],
  [{}, null, none],
  [
    { include: "a", exclude: ["b", "c"], required: true },
    null,
    { include: ["a"], exclude: ["b", "c"], required: true },
  ],
  [{ exclude: "\\.gif$", required: false }, shop, { ...shop, exclude: ["\\.gif$"], required: false }],
])("%j beside %j is %j", (value, otherwise, resources) => {
  expect(read(value, otherwise)).toEqual({ resources, problems: [] });
});

test("a pattern that is none is a problem at its place, unless it is a template", () => {
  const { problems } = read({ include: "(", exclude: ["a", "[", "${env.HOST}("] });
  expect(problems).toEqual([
    expect.stringMatching(/^resources\.include: the pattern "\(" is not valid: /),
    expect.stringMatching(/^resources\.exclude\.1: the pattern "\[" is not valid: /),
  ]);
});
