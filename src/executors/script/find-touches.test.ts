import { expect, test } from "vitest";
import { findTouches } from "./find-touches.ts";

const rows: readonly (readonly [text: string, sets: readonly string[] | null, reads: readonly string[] | null])[] = [
  ["return 1", [], []],
  ["vars.set(\"a\", vars.get('b'))", ["a"], ["b"]],
  ["ctx.SetVariable(`c`, 1); ctx.GetVariable( 'd' )", ["c"], ["d"]],
  ['vars\n  .set(\n    "a",\n 1)', ["a"], []],
  ['pm.environment.set("e", 1); pm.variables.get("f"); pm.test("x", () => {}); pm.expect(1)', ["e"], ["f"]],
  ["vars.del('g')", ["g"], []],
  ["vars.get('a' + 1)", [], null],
  ["vars.set(name, 1)", null, []],
  ["vars.set(`a${1}`, 1)", null, []],
  ["const { get } = vars;", null, null],
  ["use(vars)", null, null],
  ["vars['get']('a')", null, null],
  ["pm.environment", null, null],
  ["const { environment } = pm;", null, null],
  ["// it sets vars here, and ctx too", [], []],
  ["const myvars = 1; o.vars.get(x); vars2.get(y); $vars.get(z)", [], []],
  ["for (const x in vars) {}", null, null],
];

test.each(rows)("%j", (text, sets, reads) => {
  expect(findTouches([text])).toEqual({ sets, reads, response: false });
});

test("libs count too, and the response", () => {
  expect(findTouches(['vars.get("a")', 'exports.f = () => vars.set("b", response.status)'])).toEqual({
    sets: ["b"],
    reads: ["a"],
    response: true,
  });
});
