import { describe, expect, it } from "vitest";
import { compileJsonTemplate } from "../../expression/json-template.ts";
import type { Json } from "../../protocol/json.ts";
import type { Evaluate, StepResult, VirtualUser } from "../../protocol/step.ts";
import { read } from "../../protocol/step.ts";
import type { Assertion } from "../../protocol/workflow.ts";
import { loadJsonPath } from "../extract/json-path.ts";
import { plainLanguages } from "../extract/languages.ts";
import { compileAssertion } from "./compile-assertion.ts";

const body = JSON.stringify({
  id: 7,
  name: "Ann",
  tags: ["a", "b"],
  empty: [],
  gone: null,
  ok: true,
  price: 1.5,
  user: { "first-name": "A" },
});

const result: StepResult = {
  failure: null,
  interrupted: false,
  duration: 120.5,
  statusCode: 503,
  target: "GET http://example/",
  text: () => body,
  json: () => JSON.parse(body) as unknown,
  header: (name) => ({ "content-type": ["application/json"], via: ["a", "b"] })[name] ?? [],
  cookie: (name) => (name === "sid" ? "abc" : undefined),
  [read]: () => undefined,
};

const vu: VirtualUser = {
  id: 1,
  vuIteration: 0,
  iteration: 0,
  lagUs: 0,
  thoughtMs: 0,
  signal: new AbortController().signal,
  resources: [],
  vuVariables: new Map(),
  variables: new Map<string, unknown>([
    ["wanted", 7],
    ["pattern", "^A"],
    ["family", "5xx"],
  ]),
  results: [],
  response: undefined,
};

const languages = { ...plainLanguages, jsonPath: await loadJsonPath() };

function template(value: Json): Evaluate {
  return compileJsonTemplate<VirtualUser>(
    value,
    { resolve: (name) => (user) => user.variables.get(name) },
    { random: () => 0.5, wall: () => 0 },
  ).evaluate;
}

function assertion(type: string, path: string, operator: string, value: Json): Assertion {
  return { name: "n", type, path, operator, value } as Assertion;
}

function check(type: string, path: string, operator: string, value: Json): string | null {
  return compileAssertion(assertion(type, path, operator, value), template, languages)(vu, result);
}

describe("what holds", () => {
  it.each<[type: string, path: string, operator: string, value: Json]>([
    ["status", "", "eq", 503],
    ["status", "", "eq", "503"],
    ["status", "", "eq", "5xx"],
    ["status", "", "eq", [200, "2xx", "500-599"]],
    ["status", "", "in", [200, 503]],
    ["status", "", "ne", "2xx"],
    ["status", "", "eq", ["${family}", 200]],
    ["status", "", "gte", 500],
    ["status", "", "lt", "504"],
    ["duration", "", "lt", 121],
    ["duration", "", "gt", 120],
    ["body", "", "contains", '"name":"Ann"'],
    ["body", "", "not_contains", "Bob"],
    ["body", "", "starts_with", '{"id"'],
    ["body", "", "ends_with", "}}"],
    ["body", "", "matches", String.raw`"id":\d`],
    ["body", "", "length", body.length],
    ["body", "", "empty", false],
    ["json", "$.id", "eq", 7],
    ["json", "$.id", "eq", "7"],
    ["json", "$.id", "eq", "${wanted}"],
    ["json", "$.id", "in", [1, "${wanted}"]],
    ["json", "$.id", "ne", 8],
    ["json", "$.id", "type", "integer"],
    ["json", "$.price", "type", "number"],
    ["json", "$.name", "type", "string"],
    ["json", "$.ok", "type", "boolean"],
    ["json", "$.gone", "type", "null"],
    ["json", "$.tags", "type", "array"],
    ["json", "$", "type", "object"],
    ["json", "$.name", "matches", "${pattern}"],
    ["json", "$.tags", "contains", "b"],
    ["json", "$.tags", "not_contains", "c"],
    ["json", "$.user", "contains", "first-name"],
    ["json", "$.tags", "length", 2],
    ["json", "$.tags", "eq", ["a", "b"]],
    ["json", "$.tags[-1]", "eq", "b"],
    ["json", "$.user['first-name']", "eq", "A"],
    ["json", "$.tags[?@ == 'b']", "eq", "b"],
    ["json", "$.empty", "empty", true],
    ["json", "$.gone", "empty", null],
    ["json", "$.gone", "exists", true],
    ["json", "$.gone", "eq", null],
    ["json", "$.missing", "exists", false],
    ["json", "$.missing", "ne", 5],
    ["json", "$.missing", "not_contains", "x"],
    ["header", "Content-Type", "contains", "json"],
    ["header", "via", "eq", "a, b"],
    ["header", "x-none", "exists", false],
    ["cookie", "sid", "eq", "abc"],
    ["regex", '"id":(\\d+)', "eq", 7],
    ["regex", '"id":\\d+', "exists", null],
    ["regex", '"id":\\d+', "eq", null],
    ["regex", "", "eq", '"id":\\d+'],
    ["regex", "", "matches", '"id":\\d+'],
    ["regex", "", "not_contains", "Bob"],
  ])("%s %s %s %j", (type, path, operator, value) => {
    expect(check(type, path, operator, value)).toBe(null);
  });
});

describe("what does not hold, with its message", () => {
  it.each<[type: string, path: string, operator: string, value: Json, message: string]>([
    ["status", "", "eq", 200, "status: expected 200, got 503"],
    ["status", "", "eq", [200, "3xx"], "status: expected 200, 3xx, got 503"],
    ["status", "", "ne", "5xx", "status: expected not 5xx, got 503"],
    ["status", "", "ne", "${family}", "status: expected not 5xx, got 503"],
    ["status", "", "lt", 400, "status: expected < 400, got 503"],
    ["duration", "", "lt", 100, "duration: expected < 100"],
    ["body", "", "contains", "Bob", 'body: expected to contain "Bob"'],
    ["body", "", "matches", "^x", "body: expected to match /^x/"],
    ["body", "", "empty", true, "body: expected an empty value"],
    ["json", "$.id", "eq", 8, "json $.id: expected 8, got 7"],
    ["json", "$.id", "ne", "7", 'json $.id: expected not "7", got 7'],
    ["json", "$.missing", "eq", 8, "json $.missing: expected 8, got nothing"],
    ["json", "$.missing", "lt", 8, "json $.missing: expected < 8, got nothing"],
    ["json", "$.missing", "empty", true, "json $.missing: expected an empty value, got nothing"],
    ["json", "$.missing", "exists", true, "json $.missing: expected a value, got nothing"],
    ["json", "$.id", "exists", false, "json $.id: expected no value, got 7"],
    ["json", "$.tags", "eq", ["a"], 'json $.tags: expected ["a"], got a list of 2'],
    ["json", "$.tags", "length", 3, "json $.tags: expected the length 3, got a list of 2"],
    ["json", "$.price", "type", "integer", "json $.price: expected the type integer, got 1.5"],
    ["json", "$.id", "in", [1, 2], "json $.id: expected one of [1, 2], got 7"],
    ["json", "$.id", "length", 1, "json $.id: expected the length 1, got 7"],
    ["header", "via", "starts_with", "b", 'header via: expected to start with "b", got "a, b"'],
    ["header", "x-none", "eq", "a", 'header x-none: expected "a", got nothing'],
    ["cookie", "sid", "eq", "x", 'cookie sid: expected "x", got "abc"'],
    ["regex", '"id":(\\d+)', "eq", 8, 'regex "id":(\\d+): expected 8, got "7"'],
    ["regex", "", "eq", "Bob", "regex Bob: expected a value, got nothing"],
    ["regex", "", "ne", '"id"', 'regex "id": expected no value, got "\\"id\\""'],
  ])("%s %s %s %j", (type, path, operator, value, message) => {
    expect(check(type, path, operator, value)).toBe(message);
  });
});

it.each<[type: string, path: string, operator: string, value: Json, message: string]>([
  ["status", "", "eq", "2x", 'a status must be a code such as 200, "2xx" or "300-399", not "2x"'],
  ["status", "", "in", null, 'a status must be a code such as 200, "2xx" or "300-399", not null'],
  [
    "body",
    "",
    "matches",
    "(",
    'assertion n: the pattern "(" is not valid: Invalid regular expression: /(/: Unterminated group',
  ],
  ["body", "", "matches", 5, "assertion n: `matches` needs a pattern, not 5"],
  ["regex", "", "eq", null, "assertion n: the pattern is missing"],
  [
    "json",
    "$.a",
    "type",
    "text",
    'assertion n: `type` needs one of string, number, integer, boolean, null, array, object, not "text"',
  ],
  ["json", "$.a", "in", 5, "assertion n: `in` needs a list, a text or an object, not 5"],
  ["json", "$.a", "length", "x", 'assertion n: `length` needs a whole number, not "x"'],
])("%s %s %s %j is refused when compiled", (type, path, operator, value, message) => {
  expect(() => check(type, path, operator, value)).toThrow(
    expect.objectContaining({ code: "invalid_workflow", message }),
  );
});

it("a value that its template cannot give is an EngineError `template`", () => {
  expect(() => check("json", "$.id", "eq", "${nobody}")).toThrow(expect.objectContaining({ code: "template" }));
  expect(() => check("status", "", "eq", "${pattern}")).toThrow(
    expect.objectContaining({
      code: "template",
      message: 'a status must be a code such as 200, "2xx" or "300-399", not "^A"',
    }),
  );
});
