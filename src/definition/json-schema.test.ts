import { readdirSync, readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { createJsonSchema } from "./json-schema.ts";

const root = new URL("../../", import.meta.url);

test("the published schema is current; `npm run schema` writes it", () => {
  const published: unknown = JSON.parse(readFileSync(new URL("schema/workflow.schema.json", root), "utf8"));
  expect(published).toEqual(createJsonSchema());
});

const isValid = new Ajv2020({ strict: false, allErrors: true }).compile(createJsonSchema());

test.each(readdirSync(new URL("examples/", root)).filter((name) => name.endsWith(".yaml")))(
  "it accepts examples/%s",
  (name) => {
    isValid(parse(readFileSync(new URL(`examples/${name}`, root), "utf8")));
    expect(isValid.errors).toBeNull();
  },
);

test.each([
  ["an unknown key", { nme: "x", steps: [] }],
  ["an unknown step type", { steps: [{ type: "htpp", config: {} }] }],
  ["a negative duration", { options: { duration: -1 }, steps: [] }],
  ["a part of a VU", { options: { vus: 1.5 }, steps: [] }],
  ["a field of a later version", { data: {}, steps: [] }],
])("it refuses %s", (_, workflow) => {
  expect(isValid(workflow)).toBe(false);
});
