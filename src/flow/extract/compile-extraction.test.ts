import { describe, expect, it } from "vitest";
import { compileJsonTemplate } from "../../expression/json-template.ts";
import type { Json } from "../../protocol/json.ts";
import type { Evaluate, StepResult, VirtualUser } from "../../protocol/step.ts";
import { read } from "../../protocol/step.ts";
import type { Assertion, Extraction } from "../../protocol/workflow.ts";
import { compileExtraction } from "./compile-extraction.ts";
import { loadJsonPath, needsJsonPath, plainJsonPath } from "./json-path.ts";
import { plainLanguages } from "./languages.ts";
import { readsOf } from "./reads-of.ts";

const body = '{"id": 7, "none": null, "items": [{"sku": "a1", "n": 1}, {"sku": "b2", "n": 2}], "a": [[1, 2]]}';

function makeResult(text: string): StepResult {
  return {
    failure: null,
    interrupted: false,
    duration: 1,
    statusCode: 201,
    target: "",
    text: () => text,
    json: () => {
      try {
        return JSON.parse(text) as unknown;
      } catch {
        return undefined;
      }
    },
    header: (name) => (name === "set-cookie" ? ["a=1", "b=2"] : []),
    cookie: (name) => (name === "sid" ? "abc" : undefined),
    [read]: () => undefined,
  };
}

function makeVu(): VirtualUser {
  return {
    id: 3,
    vuIteration: 0,
    iteration: 0,
    lagUs: 0,
    thoughtMs: 0,
    signal: new AbortController().signal,
    resources: [],
    vuVariables: new Map(),
    variables: new Map(),
    results: [],
    response: undefined,
  };
}

const jsonPath = await loadJsonPath();
const languages = { ...plainLanguages, jsonPath };

function template(value: Json): Evaluate {
  return compileJsonTemplate<VirtualUser>(
    value,
    { resolve: (name) => (name === "vu" ? (vu) => ({ id: vu.id }) : undefined) },
    { random: () => 0.5, wall: () => 0 },
  ).evaluate;
}

function extraction(from: string, path: string, more: Partial<Extraction> = {}): Extraction {
  return { name: "x", from, path, all: false, scope: "iteration", ...more } as Extraction;
}

function extract(item: Extraction, text = body): unknown {
  const vu = makeVu();
  const failure = compileExtraction(item, template, languages)(vu, makeResult(text));
  return failure ?? vu.variables.get("x");
}

describe("compileExtraction", () => {
  it.each<[sentence: string, item: Extraction, value: unknown]>([
    ["a JSON path gives the first match", extraction("json", "$.items[*].sku"), "a1"],
    ["a plain JSON path gives its value", extraction("json", "$.items[1].n"), 2],
    ["null is a match", extraction("json", "$.none"), null],
    ["all gives every match", extraction("json", "$..sku", { all: true }), ["a1", "b2"]],
    ["all of a plain path is a list, too", extraction("json", "$.a[0]", { all: true }), [[1, 2]]],
    ["filters are RFC 9535", extraction("json", "$.items[?@.n > 1].sku"), "b2"],
    ["a pattern gives its first group", extraction("regex", '"sku": "([a-z])(\\d)"'), "a"],
    ["a pattern without groups gives the match", extraction("regex", "[a-z]\\d"), "a1"],
    ["a group that took no part is skipped", extraction("regex", "(zzz)?b2"), "b2"],
    ["all matches of a pattern", extraction("regex", '"n": (\\d)', { all: true }), ["1", "2"]],
    ["a header by any case", extraction("header", "Set-Cookie"), "a=1"],
    ["all values of a header", extraction("header", "set-cookie", { all: true }), ["a=1", "b=2"]],
    ["a cookie", extraction("cookie", "sid"), "abc"],
    ["all of a single value is a list of one", extraction("cookie", "sid", { all: true }), ["abc"]],
    ["the status", extraction("status", ""), 201],
    ["the body", extraction("body", ""), body],
    ["a default stands in", extraction("json", "$.gone", { default: 5 }), 5],
    ["a default may be null", extraction("json", "$.gone", { default: null }), null],
    ["a default may be a template", extraction("header", "x", { default: "vu-${vu.id}" }), "vu-3"],
    ["without a match it says so", extraction("json", "$.gone"), "extract x: nothing matches json $.gone"],
    [
      "all without a match is no match",
      extraction("json", "$..gone", { all: true }),
      "extract x: nothing matches json $..gone",
    ],
    [
      "a pattern without a match says so",
      extraction("regex", "zzz", { all: true }),
      "extract x: nothing matches regex zzz",
    ],
    [
      "a cookie that is not there says so",
      extraction("cookie", "gone", { all: true }),
      "extract x: nothing matches cookie gone",
    ],
  ])("%s", (_sentence, item, value) => {
    expect(extract(item)).toEqual(value);
  });

  it("finds nothing in a body that is no JSON", () => {
    expect(extract(extraction("json", "$.a"), "<html>")).toBe("extract x: nothing matches json $.a");
    expect(extract(extraction("json", "$..a"), "")).toBe("extract x: nothing matches json $..a");
  });

  it("keeps a variable of scope vu with the VU", () => {
    const vu = makeVu();
    compileExtraction(extraction("status", "", { scope: "vu" }), template)(vu, makeResult(""));
    expect([vu.vuVariables.get("x"), vu.variables.size]).toEqual([201, 0]);
  });

  it.each<[item: Extraction, message: string]>([
    [
      extraction("regex", "("),
      'extract x: the pattern "(" is not valid: Invalid regular expression: /(/: Unterminated group',
    ],
    [extraction("regex", ""), "extract x: the pattern is missing"],
    [extraction("json", "$.a["), "the JSON path `$.a[` is not valid: unclosed bracketed selection ('$.a[':4)"],
    [
      extraction("json", "a.b"),
      "the JSON path `a.b` is not valid: expected '$', found 'a' ('a.b':0); JSON paths begin with $, as in $.data.id",
    ],
  ])("refuses %j", (item, message) => {
    expect(() => compileExtraction(item, template, languages)).toThrow(
      expect.objectContaining({ code: "invalid_workflow", message }),
    );
  });
});

describe("JSON paths", () => {
  const value = { a: [{ "b c": 1 }, [2, 3]], __proto__x: 4, "0": 5 };
  const plain = [
    "$",
    "$.a",
    "$.a[0]['b c']",
    "$.a[-1][1]",
    "$.a[2]",
    "$.a['0']",
    "$[0]",
    "$['0']",
    "$.constructor",
    "$.a.length",
    "$['__proto__']",
  ];

  it.each(plain)("%s: the plain way gives what the library gives", async (path) => {
    const { query } = await import("json-p3");
    expect(plainJsonPath(path).all(value)).toEqual(query(path, value).values());
    expect(plainJsonPath(path).first(value)).toEqual(query(path, value).values()[0]);
  });

  it.each<[item: Extraction | Assertion, needed: boolean]>([
    [extraction("json", "$.a[0].b"), false],
    [extraction("json", "$.a[*]"), true],
    [extraction("json", "a"), true],
    [extraction("regex", "$.a[*]"), false],
    [{ name: "n", type: "json", path: "$..a", operator: "eq", value: 1 }, true],
    [{ name: "n", type: "status", path: "", operator: "eq", value: 1 }, false],
  ])("%j needs the library: %s", (item, needed) => {
    expect(needsJsonPath(item)).toBe(needed);
  });

  it("finds nothing where data is too deep to look", () => {
    let deep: unknown = {};
    for (let depth = 0; depth < 5_000; depth += 1) deep = { a: deep };
    expect(jsonPath("$..b").first(deep)).toBe(undefined);
    expect(jsonPath("$..b").all(deep)).toEqual([]);
  });
});

it.each<[from: string, body: boolean, headers: boolean]>([
  ["status", false, false],
  ["json", true, false],
  ["regex", true, false],
  ["body", true, false],
  ["header", false, true],
  ["cookie", false, true],
])("%s keeps body: %s, headers: %s", (from, keepsBody, headers) => {
  expect(readsOf(extraction(from, ""))).toEqual({ body: keepsBody, headers });
});
