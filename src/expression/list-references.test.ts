import { expect, it } from "vitest";
import { EngineError } from "../errors.ts";
import { listReferences } from "./list-references.ts";

it.each<[sentence: string, text: string, references: [root: string, ...path: string[]][]]>([
  ["a text without ${…} reads nothing", "plain", []],
  ["each ${…} is looked at", "${a} ${b.c}", [["a"], ["b", "c"]]],
  ["quoted keys and indices are in the path", '${steps["a-b"].body[0]}', [["steps", "a-b", "body", "0"]]],
  [
    "a computed key ends the path and is read itself",
    "${a.b[c.d].e}",
    [
      ["a", "b"],
      ["c", "d"],
    ],
  ],
  [
    "operators, functions, lists and choices are looked into",
    "${f ? lower(g) : [h] + -i ?? !j}",
    [["f"], ["g"], ["h"], ["i"], ["j"]],
  ],
  ["quoted templates are looked into", "${'x ${k.l}'}", [["k", "l"]]],
  ["members of a function's result are not names", "${split(a, ',')[b]}", [["b"], ["a"]]],
])("%s", (_sentence, text, references) => {
  expect(listReferences(text)).toEqual(references.map(([root, ...path]) => ({ root, path })));
});

it("reads a condition as an expression", () => {
  expect(listReferences("${a.b} == 5 && c", "expression")).toEqual([
    { root: "a", path: ["b"] },
    { root: "c", path: [] },
  ]);
});

it("refuses a syntax error", () => {
  expect(() => listReferences("${a +}")).toThrow(EngineError);
});
