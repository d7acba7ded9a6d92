import { expect, test } from "vitest";
import { EngineError, type ErrorCode } from "../../errors.ts";
import { headersOf } from "./answer-error.ts";

test("what may be tried again says when; what may not says nothing", () => {
  const retryAfter = (code: ErrorCode) => headersOf(new EngineError(code, "no"))["Retry-After"] ?? null;
  expect([retryAfter("not_ready"), retryAfter("queue_full"), retryAfter("not_found")]).toEqual(["1", "5", null]);
});
