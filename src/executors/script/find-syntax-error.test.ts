import { expect, test } from "vitest";
import { findSyntaxError } from "./find-syntax-error.ts";

test.each(["", "return await 1", "const response = 1; // a comment"])("%j is fine", (source) => {
  expect(findSyntaxError(source)).toBeNull();
});

test.each([
  ["return )", "Unexpected token ')'", 1, 8],
  ["const a = 1;\n  const a = 2;", "Identifier 'a' has already been declared", 2, 9],
  ["if (x {\n}", "Unexpected token '{'", 1, 7],
  ["const 变量 = ;", "Unexpected token ';'", 1, 12],
  ["if (a) {\n  b();\n\n", "it ends too early", 2, 7],
  ["let x = `", "it ends too early", 1, 10],
  ["with (a) {}", "Strict mode code may not include a with statement", 1, 1],
  ["}); (async function () {", "Unexpected token ')'", 1, 2],
  ["}]; [async function () {", "Unexpected token ']'", 1, 2],
  ["import x from 'y'", "Cannot use import statement outside a module", 1, 1],
  ["/* open", "Invalid or unexpected token", 1, 1],
])("%j: %s", (source, message, line, column) => {
  expect(findSyntaxError(source)).toEqual({ message, line, column });
});

test("nothing runs, and what is nested without end is an answer", () => {
  expect(findSyntaxError("globalThis.ran = true; for (;;);")).toBeNull();
  expect("ran" in globalThis).toBe(false);
  expect(findSyntaxError("(".repeat(100_000))).not.toBeNull();
});
