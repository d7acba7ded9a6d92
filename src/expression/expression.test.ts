import { describe, expect, it } from "vitest";
import { EngineError } from "../errors.ts";
import { read } from "../protocol/step.ts";
import { compileCondition, compileExpression } from "./expression.ts";
import type { Language } from "./language.ts";
import type { Names } from "./names.ts";

type Scope = Readonly<Record<string, unknown>>;

const names: Names<Scope> = {
  resolve: (name) =>
    name === "unknown" ? undefined : (scope) => (Object.hasOwn(scope, name) ? scope[name] : undefined),
};
const language: Language = { random: () => 0.5, wall: () => 0 };

const scope: Scope = {
  n: 5,
  zero: 0,
  text: "abc",
  digits: "10",
  empty: "",
  yes: true,
  nothing: null,
  big: 9007199254740993n,
  list: [1, "2", { id: 3 }],
  user: { name: "Ann", items: [{ id: 7 }, { id: 8 }], "x-y": 1, nickname: null, in: "kept" },
  map: new Map<string, unknown>([["rows", [1, 2]]]),
  steps: { "api-call": { status_code: 200 } },
  登录: { 状态: "好" },
  response: { [read]: (key: string) => (key === "status_code" ? 201 : undefined), hidden: 1 },
};

function evaluate(text: string): unknown {
  return compileExpression(text, names, language)(scope);
}

function failureOf(run: () => unknown): EngineError {
  try {
    run();
  } catch (error) {
    if (error instanceof EngineError) return error;
    throw error;
  }
  throw new Error("it did not fail");
}

describe("compileExpression", () => {
  it.each<[sentence: string, text: string, value: unknown]>([
    ["a number is itself", "42", 42],
    ["fractions and exponents are numbers", "1.5e2", 150],
    ["an integer beyond 2^53 keeps its digits", "9007199254740993", 9007199254740993n],
    ["texts stand in double quotes", '"a b"', "a b"],
    ["texts stand in single quotes", "'a \"b\"'", 'a "b"'],
    ["escapes make line ends, tabs, quotes and characters", String.raw`"a\n\t\"\u0041"`, 'a\n\t"A'],
    ["other backslashes stay, as patterns want them", String.raw`"\d+\."`, String.raw`\d+\.`],
    ["true is a literal", "true", true],
    ["null is a literal", "null", null],
    ["lists are literals", "[1, 'a', n]", [1, "a", 5]],
    ["an empty list is a literal", "[]", []],
    ["a name gives its value", "n", 5],
    ["${x} is x's value", "${n}", 5],
    ["${…} may hold an expression", "${n + 1} * 2", 12],
    ["names are of any script", "登录.状态", "好"],
    ["a dotted path reads members", "user.name", "Ann"],
    ["indices count from 0", "user.items[1].id", 8],
    ["an index may stand after a dot", "user.items.0.id", 7],
    ["an index may be computed", "user.items[n - 4].id", 8],
    ["keys may be quoted", 'user["x-y"]', 1],
    ["step ids with a dash are read through steps", 'steps["api-call"].status_code', 200],
    ["reserved words are keys after a dot", "user.in", "kept"],
    ["Maps are read by key", "map.rows[1]", 2],
    ["Readables answer for their names", "response.status_code", 201],
    ["Readables show nothing else", "response.hidden", undefined],
    ["a missing member is undefined", "user.age", undefined],
    ["a member of a missing member is undefined", "user.age.years[0]", undefined],
    ["an index behind the end is undefined", "list[9]", undefined],
    ["a negative index is undefined", "list[-1]", undefined],
    ["a list has no length member", "list.length", undefined],
    ["texts have no members", "text.length", undefined],
    ["functions' results have members", "split('a,b', ',')[1]", "b"],
    ["* binds before +", "1 + 2 * 3", 7],
    ["parentheses group", "(1 + 2) * 3", 9],
    ["- groups from the left", "10 - 3 - 2", 5],
    ["- is a sign, too", "-n + -(-2)", -3],
    ["+ adds numbers", "n + 1", 6],
    ["+ joins texts, also numeric ones", "'1' + '2'", "12"],
    ["+ joins when one side is text", "'n' + 5", "n5"],
    ["other arithmetic takes numeric texts", "digits - 1", 9],
    ["/ gives fractions", "7 / 2", 3.5],
    ["% has the sign of its left side", "-7 % 3", -1],
    ["integers stay exact beyond 2^53", "9007199254740991 + 2", 9007199254740993n],
    ["big integers calculate exactly", "big * 2 - big", 9007199254740993n],
    ["a big integer becomes a number where that is exact", "big - 9007199254740992", 1],
    ["a fraction of big integers is a number", "big / 2", Number(9007199254740993n) / 2],
    ["numbers compare as numbers", "9 < 10", true],
    ["numeric texts compare as numbers", "'9' < '10'", true],
    ["a number and a numeric text compare as numbers", "n == '5.0'", true],
    ["long integer texts compare by all digits", "'9007199254740993' == '9007199254740992'", false],
    ["texts compare as texts", "'b' > 'abc'", true],
    ["a number and a text compare as texts", "n < 'abc'", true],
    ["booleans compare as text", "yes == 'true'", true],
    ["lists are equal by their items", "[1, [2]] == [1, ['2']]", true],
    ["lists differ by their length", "[1] != [1, 2]", true],
    ["null equals a missing member", "user.age == null", true],
    ["null equals null only", "nothing == 0", false],
    ["null has no order", "nothing < 5", false],
    ["null is not less or equal either", "nothing <= 5", false],
    ["<= and >= include", "5 <= n && n >= 5", true],
    ["a name without a value equals null", "gone == null", true],
    ["null != a value", "null != n", true],
    ["in looks into lists", "'2' in list", true],
    ["in compares numeric texts as numbers", "2 in list", true],
    ["in looks for parts of texts", "'bc' in text", true],
    ["in looks for keys", "'name' in user", true],
    ["in sees no inherited keys", "'toString' in user", false],
    ["matches finds a pattern", String.raw`text matches "^[a-c]+$"`, true],
    ["matches takes a computed pattern", "text matches ('x' + '$')", false],
    ["matches looks at a number's text", String.raw`n matches "^\d$"`, true],
    ["&& and AND are one", "yes && n == 5 AND true", true],
    ["|| and OR are one", "false || zero == 1 OR yes", true],
    ["&& binds before ||", "true || true && false", true],
    ["! binds before a comparison", "!yes == false", true],
    ["NOT binds behind a comparison", "NOT n == 6", true],
    ["&& stops at a false left side", "false && 1 / 0", false],
    ["|| gives the first true value", "empty || 'x'", "x"],
    ["?? replaces null", "user.nickname ?? 'none'", "none"],
    ["?? replaces a missing member", "user.age ?? 1", 1],
    ["?? replaces a name without a value", "gone ?? also_gone ?? 2", 2],
    ["?? keeps false, 0 and the empty text", "zero ?? 1", 0],
    ["?? binds behind comparisons", "gone ?? n == 5", true],
    ["?: chooses", "n > 3 ? 'many' : 'few'", "many"],
    ["?: groups from the right", "false ? 1 : false ? 2 : 3", 3],
    ["a name without a value is false where its truth counts", "gone ? 1 : 2", 2],
    ["a quoted text may hold ${…}", '"${user.name}-${n}" == "Ann-5"', true],
    ["$${ is literal in a quoted text", '"$${n}"', "${n}"],
    ["grouped comparisons may be compared", "(1 < 2) == true", true],
    ["blanks and line ends separate", "1\n +\t2", 3],
  ])("%s: %s", (_sentence, text, value) => {
    expect(evaluate(text)).toEqual(value);
  });

  it.each<[text: string, message: string]>([
    ["", "the expression ends too early, at character 1 of ``"],
    ["(1", "the expression ends too early, expected ), at character 3 of `(1`"],
    ["1 2", 'unexpected "2", at character 3 of `1 2`'],
    ["n = 5", 'unexpected "="; equality is written ==, at character 3 of `n = 5`'],
    ["n & 5", 'unexpected "&"; write &&, at character 3 of `n & 5`'],
    ["n and yes", 'unexpected "and"; write AND, at character 3 of `n and yes`'],
    ["1 < n < 9", "comparisons cannot be chained; join two with &&, at character 7 of `1 < n < 9`"],
    ["'abc", "the text has no closing ', at character 1 of `'abc`"],
    ["user.", "the expression ends too early, expected a name after the dot, at character 6 of `user.`"],
    ["unknown + 1", "`unknown` is not known, at character 1 of `unknown + 1`"],
    ["1 + unknown.a['b-c'][0]", "`unknown.a[\"b-c\"][0]` is not known, at character 5 of `1 + unknown.a['b-c'][0]`"],
    [
      "user.x-unknown",
      '`unknown` is not known; a name with a dash is written ["a-b"], behind steps for a step, at character 8 of `user.x-unknown`',
    ],
    ["nofunction(1)", "there is no function nofunction(), at character 1 of `nofunction(1)`"],
    ["lower()", "lower() takes 1 arguments, not 0, at character 1 of `lower()`"],
    ["substr('a')", "substr() takes 2 to 3 arguments, not 1, at character 1 of `substr('a')`"],
    ["{}", 'unexpected "{", at character 1 of `{}`'],
    ["${n", "the expression ends too early, expected }, at character 4 of `${n`"],
    ["n}", 'unexpected "}", at character 2 of `n}`'],
    ["1e999", "the number 1e999 is too large, at character 1 of `1e999`"],
  ])("refuses %j", (text, message) => {
    const error = failureOf(() => compileExpression(text, names, language));
    expect([error.code, error.message]).toEqual(["template", message]);
  });

  it("refuses a pattern that is not valid where it stands", () => {
    const error = failureOf(() => compileExpression("text matches '('", names, language));
    expect(error.message).toBe(
      "the pattern \"(\" is not valid: Invalid regular expression: /(/: Unterminated group, at character 14 of `text matches '('`",
    );
  });

  it.each<[text: string, message: string]>([
    ["gone", '`gone` has no value; give it one before, or write `gone ?? "…"`'],
    ["gone.a == 5", '`gone` has no value; give it one before, or write `gone ?? "…"`'],
    ["user.age + 1", '`user.age` has no value; give it one before, or write `user.age ?? "…"`'],
    ["lower(user.age)", '`user.age` has no value; give it one before, or write `user.age ?? "…"`'],
    ["text * 2", '`*` needs numbers, not "abc"'],
    ["-user", "`-` needs numbers, not an object"],
    ["1 / zero", "cannot divide 1 by zero"],
    ["1 % 0", "cannot divide 1 by zero"],
    ["1e308 * 10", "1e+308 * 10 is not a finite number"],
    ["1 in n", "the right side of `in` must be a list, a text or an object, not 5"],
    ["text matches n", "the right side of `matches` must be a pattern, not 5"],
    ["'' + response", "a whole step result has no text; read one of its fields, such as `.body`"],
  ])("fails on what %j makes of the values", (text, message) => {
    const error = failureOf(() => evaluate(text));
    expect([error.code, error.message]).toEqual(["template", message]);
  });

  const sum = Array.from({ length: 600 }, () => "n").join("+");
  it.each([
    ["parentheses", `${"(".repeat(65)}1${")".repeat(65)}`, "is nested deeper than 64"],
    ["signs", `${"-".repeat(65)}n`, "is nested deeper than 64"],
    ["keys", `${"n[".repeat(65)}0${"]".repeat(65)}`, "is nested deeper than 64"],
    ["operands", `${sum}+${sum}`, "has more than 1000 parts"],
    ["operands in quoted templates", `${sum}+"\${${sum}}"`, "has more than 1000 parts"],
    ["characters", `"${"x".repeat(10_000)}"`, "is longer than 10000 characters"],
  ])("bounds the number of %s", (_what, text, message) => {
    expect(failureOf(() => compileExpression(text, names, language)).message).toContain(`the expression ${message}`);
  });

  it.each([
    "user.__proto__",
    "user.constructor",
    "user['__proto__'].x",
    "list.constructor",
    "map.size",
    "text.constructor",
    "response.constructor",
    "[].map",
    "user.toString",
  ])("%s reaches no prototype", (text) => {
    expect(evaluate(text)).toBe(undefined);
  });

  it("gives resolve the constant part of the path", () => {
    const seen: unknown[] = [];
    const spy: Names<Scope> = {
      resolve: (name, path) => {
        seen.push([name, path]);
        return () => ({});
      },
    };
    compileExpression("a.b['c'][0].d + e[f.g].h", spy, language);
    expect(seen).toEqual([
      ["a", ["b", "c", "0", "d"]],
      ["e", []],
      ["f", ["g"]],
    ]);
  });
});

describe("compileCondition", () => {
  it.each<[text: string, value: boolean]>([
    ["false", false],
    ["null", false],
    ["gone", false],
    ["user.age", false],
    ["0", false],
    ["''", false],
    ["'false'", false],
    ["true", true],
    ["1", true],
    ["'0'", true],
    ["[]", true],
    ["'x' && n", true],
    ["!gone", true],
    ["${response.status_code} == 201", true],
  ])("%s is %s", (text, value) => {
    expect(compileCondition(text, names, language)(scope)).toBe(value);
  });
});
