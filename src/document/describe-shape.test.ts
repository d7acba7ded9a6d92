import { expect, test } from "vitest";
import { describeShape } from "./describe-shape.ts";

test("a choice names each value once, a number and its text together", () => {
  expect(describeShape({ kind: "choice", values: ["1.1", 1.1, "auto"] })).toBe("one of 1.1, auto");
  expect(describeShape({ kind: "choice", values: ["worker"] })).toBe("`worker`");
});
