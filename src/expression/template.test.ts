import { describe, expect, it } from "vitest";
import { compileJsonTemplate } from "./json-template.ts";
import type { Language } from "./language.ts";
import type { Names } from "./names.ts";
import { compileTemplate, compileTextTemplate } from "./template.ts";

type Scope = Readonly<Record<string, unknown>>;

const names: Names<Scope> = { resolve: (name) => (scope) => scope[name] };
const language: Language = { random: () => 0.5, wall: () => 0 };
const scope: Scope = {
  n: 5,
  name: "Ann",
  list: [1, 9007199254740993n],
  nothing: null,
  map: new Map([["a", 1]]),
  user: {},
};

describe("compileTemplate", () => {
  it.each<[sentence: string, text: string, value: unknown]>([
    ["a text without ${…} is itself", "plain $ { } text", "plain $ { } text"],
    ["the empty text is itself", "", ""],
    ["values stand in the text", "id=${n}&name=${name}", "id=5&name=Ann"],
    ["exactly one ${…} keeps its type", "${n}", 5],
    ["a list keeps its type", "${list}", [1, 9007199254740993n]],
    ["null keeps its type", "${nothing}", null],
    ["a blank around makes it text", " ${n}", " 5"],
    ["$${ is a literal ${", "$${n} ${n}", "${n} 5"],
    ["$${ stands alone, too", "a$${", "a${"],
    ["a brace in a quoted text does not end", "${'}'}!", "}!"],
    ["lists are JSON in a text, with all digits", "x${list}", "x[1,9007199254740993]"],
    ["Maps are JSON objects in a text", "x${map}", 'x{"a":1}'],
    ["null in a text is null", "x${nothing}", "xnull"],
    ["texts are not escaped", '{"a": "${name + "\\""}"}', '{"a": "Ann""}'],
    ["a default stands in for what is missing", "x${user.age ?? 1}", "x1"],
  ])("%s", (_sentence, text, value) => {
    expect(compileTemplate(text, names, language).evaluate(scope)).toEqual(value);
  });

  it.each<[text: string, constant: string | undefined]>([
    ["plain", "plain"],
    ["a $${b}", "a ${b}"],
    ["a ${n}", undefined],
    ["${n}", undefined],
  ])("tells whether %j is constant", (text, constant) => {
    expect(compileTemplate(text, names, language).constant).toBe(constant);
  });

  it.each(["${user.age}", "a ${user.age}", "${gone}"])("names what is missing in %j", (text) => {
    const path = text.includes("gone") ? "gone" : "user.age";
    expect(() => compileTemplate(text, names, language).evaluate(scope)).toThrow(
      `\`${path}\` has no value; give it one before, or write \`${path} ?? "…"\``,
    );
  });

  it("says where a ${ without } stands", () => {
    expect(() => compileTemplate("ab ${n", names, language)).toThrow(
      "`${` has no closing `}` (a literal `${` is written `$${`), at character 4 of `ab ${n`",
    );
  });

  it("bounds the text it makes", () => {
    const text = compileTextTemplate("${big}${big}", names, language);
    expect(() => text.evaluate({ big: "x".repeat(9_000_000) })).toThrow(
      "the text becomes longer than 16777216 characters",
    );
  });
});

describe("compileTextTemplate", () => {
  it("makes text of a value alone", () => {
    expect(compileTextTemplate("${n}", names, language).evaluate(scope)).toBe("5");
    expect(compileTextTemplate("${list}", names, language).evaluate(scope)).toBe("[1,9007199254740993]");
  });

  it("refuses data that contains itself", () => {
    const loop: unknown[] = [];
    loop.push(loop);
    expect(() => compileTextTemplate("${n}", names, language).evaluate({ n: loop })).toThrow("contains itself");
  });
});

describe("compileJsonTemplate", () => {
  it("fills in texts at any depth and keeps the rest", () => {
    const template = compileJsonTemplate(
      { a: "${n}", b: ["x${n}", { c: [null, true, 1] }], "${n}": "k" },
      names,
      language,
    );
    expect(template.constant).toBe(undefined);
    expect(template.evaluate(scope)).toEqual({ a: 5, b: ["x5", { c: [null, true, 1] }], "${n}": "k" });
  });

  it("gives a fresh value each time, constant parts shared", () => {
    const template = compileJsonTemplate({ a: "${n}", b: [1] }, names, language);
    const first = template.evaluate(scope) as Record<string, unknown>;
    const second = template.evaluate(scope) as Record<string, unknown>;
    expect(first).not.toBe(second);
    expect(first["b"]).toBe(second["b"]);
  });

  it("folds a constant, $${ unescaped", () => {
    expect(compileJsonTemplate({ a: ["$${n}", 1] }, names, language).constant).toEqual({ a: ["${n}", 1] });
    expect(compileJsonTemplate(null, names, language).constant).toBe(null);
  });

  it("makes an own property of the key __proto__", () => {
    const value = compileJsonTemplate(JSON.parse('{"__proto__": "${n}"}'), names, language).evaluate(scope) as object;
    expect(Object.getOwnPropertyDescriptor(value, "__proto__")?.value).toBe(5);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  });
});
