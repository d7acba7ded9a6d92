import { expect, test } from "vitest";
import { createFindings } from "./findings.ts";
import { limits } from "./limits.ts";

test("of many mistakes the first are kept, none is hidden by warnings, and the rest costs nothing", () => {
  const findings = createFindings();
  for (let at = 0; at < 200; at++) findings.warn(["options", at], "is doubtful");
  for (let at = 0; at < 200; at++) findings.report(["steps", at], "is wrong");
  expect([findings.hasProblems(), findings.isWrong(["steps"]), findings.isWrong(["steps", 99])]).toEqual([
    true,
    true,
    true,
  ]);
  expect(findings.list(null).map(({ path }) => path)).toEqual(
    Array.from({ length: limits.problems }, (_, at) => `steps[${at}]`),
  );
  // A path is not even looked at once there are enough.
  const unread = new Proxy<string[]>([], { get: () => expect.unreachable() });
  findings.report(unread, "is wrong");
});
