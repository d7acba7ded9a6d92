import { expect, test } from "vitest";
import { findSyntaxError } from "./find-syntax-error.ts";

test.each(["", "return await 1", "const response = 1; // a comment"])("%j is fine", (source) => {
  expect(findSyntaxError(source, "async function")).toBeNull();
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
  expect(findSyntaxError(source, "async function")).toEqual({ message, line, column });
});

test("nothing runs, and what is nested without end is an answer", () => {
  expect(findSyntaxError("globalThis.ran = true; for (;;);", "async function")).toBeNull();
  expect("ran" in globalThis).toBe(false);
  expect(findSyntaxError("(".repeat(100_000), "async function")).not.toBeNull();
});

test.each([
  ["await", "exports.x = await 1", "await is only valid in async functions and the top level bodies of modules", 13],
  ["what is newer than the sandbox", "using x = null;", "the sandbox knows JavaScript as of 2024: Unexpected token", 7],
])("a lib may not hold %s", (_what, source, message, column) => {
  expect(findSyntaxError(source, "function")).toEqual({ message, line: 1, column });
});

test("a lib may wait in functions of its own, and return early", () => {
  expect(findSyntaxError("exports.get = async () => await 1; return;", "function")).toBeNull();
});
