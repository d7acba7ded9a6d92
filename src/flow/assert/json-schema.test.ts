import { expect, test } from "vitest";
import type { Json } from "../../protocol/json.ts";
import { loadJsonSchema } from "./json-schema.ts";

const compile = await loadJsonSchema();
const order: Json = {
  type: "object",
  required: ["id"],
  properties: { id: { $ref: "#/$defs/id" }, tags: { prefixItems: [{ const: "a" }], items: false } },
  $defs: { id: { type: "integer", minimum: 1 } },
};

test.each<[schema: Json, value: unknown, problem: string | null]>([
  [order, { id: 1, tags: ["a"] }, null],
  [order, { id: 0 }, "/id must be >= 1"],
  [order, {}, "the answer must have required property 'id'"],
  [order, { id: 1, tags: ["a", "b"] }, "/tags must NOT have more than 1 items"],
  [order, [], "the answer must be object"],
  [false, 1, "the answer boolean schema is false"],
  [{ $schema: "http://json-schema.org/draft-07/schema#", items: [{ type: "string" }] }, [1], "/0 must be string"],
  [{ format: "email" }, "no mail", null],
  [{ $id: "https://a/b", "x-own": 1, type: "number" }, 1, null],
])("%j judges %j", (schema, value, problem) => {
  // The same $id twice is no conflict.
  compile(schema, "a");
  expect(compile(schema, "a")(value)).toBe(problem);
});

test.each<[schema: Json, why: string]>([
  ["text", "a schema is an object or a boolean"],
  [{ type: "wrong" }, "schema is invalid"],
  [{ $ref: "https://example.test/other.json" }, "can't resolve reference"],
  [{ pattern: "(" }, "Invalid regular expression"],
])("%j is no schema", (schema, why) => {
  expect(() => compile(schema, "assertion x")).toThrow(`assertion x: the JSON schema is not valid: `);
  expect(() => compile(schema, "assertion x")).toThrow(why);
});
