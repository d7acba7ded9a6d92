import { expect, test } from "vitest";
import { createMasker } from "../run/masker.ts";
import { createExecutionLog } from "./execution-log.ts";

test("a hundred lines a second are sent, without secrets; the rest is counted", () => {
  const sent: string[] = [];
  const logged: string[] = [];
  let now = 0;
  const log = createExecutionLog("e1", {
    clock: { now: () => now },
    log: (level, message, fields) => logged.push(`${level} ${message} ${JSON.stringify(fields)}`),
    mask: createMasker({ token: "s3cr3t-value" }),
    send: (message) =>
      sent.push(message.type === "log" ? `${message.execution} ${message.level} ${message.message}` : ""),
  });
  for (let line = 0; line < 150; line++) log("info", `line ${line} s3cr3t-value`, { url: "http://x/?t=s3cr3t-value" });
  expect(sent.length).toBe(100);
  expect(sent[0]).toBe('e1 info line 0 *** {"url":"http://x/?t=***"}');
  expect(logged.length).toBe(150);
  expect(logged[0]).toBe('info line 0 *** {"url":"http://x/?t=***"} {"execution":"e1"}');
  expect(logged.join()).not.toContain("s3cr3t");
  now = 1_000;
  log("error", "x".repeat(10_000));
  expect(sent.slice(100)).toEqual(["e1 warn 50 lines were left out", `e1 error ${"x".repeat(4_096)}`]);
});
