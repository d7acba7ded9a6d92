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

const properties = listProperties(createJsonSchema(), "");

test("every property says what it means, in a sentence", () => {
  expect(properties.length).toBeGreaterThan(300);
  const poor = properties.filter(({ schema }) => !/^[A-Z].{14,}\.$/s.test(String(schema["description"])));
  expect(poor.map(({ path }) => path)).toEqual([]);
});

test("every property says whether it is required, what holds without it, or what it is the same as", () => {
  const silent = properties.filter(
    ({ path, schema }) =>
      !/Default: |Required|Same as |Another place /.test(String(schema["description"])) &&
      !/\.(?:type|config)$/.test(path),
  );
  expect(silent.map(({ path }) => path)).toEqual([]);
});

test("a duration shows how it is written, or in which unit its default is", () => {
  const durations = properties.filter(
    ({ schema }) =>
      Array.isArray(schema["anyOf"]) &&
      schema["anyOf"].some((one: { pattern?: string }) => one.pattern?.includes("us|µs|ms") ?? false),
  );
  expect(durations.length).toBeGreaterThan(50);
  const vague = durations.filter(
    ({ schema }) => !/\d(?:ms|s|m|h)\b|millisecond|Same as|a second/.test(String(schema["description"])),
  );
  expect(vague.map(({ path }) => path)).toEqual([]);
});

interface Property {
  readonly path: string;
  readonly schema: Readonly<Record<string, unknown>>;
}

/** Every entry of every `properties` in a schema. */
function listProperties(value: unknown, path: string): Property[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, item]: [string, unknown]): Property[] => {
    const below = listProperties(item, `${path}.${key}`);
    if (key !== "properties" || typeof item !== "object" || item === null) return below;
    const own = Object.entries(item).map(([name, schema]) => ({ path: `${path}.${name}`, schema: { ...schema } }));
    return [...own, ...below];
  });
}

const isValid = new Ajv2020({ strict: false, allErrors: true }).compile(createJsonSchema());

const examples = readdirSync(new URL("examples/", root), { recursive: true, encoding: "utf8" });

test.each(examples.filter((name) => name.endsWith(".yaml")))("it accepts examples/%s", (name) => {
  isValid(parse(readFileSync(new URL(`examples/${name}`, root), "utf8")));
  expect(isValid.errors).toBeNull();
});

test.each([
  ["an unknown key", { nme: "x", steps: [] }],
  ["an unknown step type", { steps: [{ type: "htpp", config: {} }] }],
  ["a negative duration", { options: { duration: -1 }, steps: [] }],
  ["a part of a VU", { options: { vus: 1.5 }, steps: [] }],
  ["a field of a later version", { options: { find_limit: {} }, steps: [] }],
])("it refuses %s", (_, workflow) => {
  expect(isValid(workflow)).toBe(false);
});
