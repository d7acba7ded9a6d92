import { expect, onTestFinished, test } from "vitest";
import { watchReload } from "./watch-reload.ts";

test("a SIGHUP before the start is done is kept until it is, and is one", () => {
  const hangups: string[] = [];
  const reloads = watchReload({ file: null, onHangup: () => hangups.push("hung up") });
  onTestFinished(() => reloads.close());
  process.emit("SIGHUP");
  process.emit("SIGHUP");
  let count = 0;
  reloads.begin(() => count++);
  expect(count).toBe(1);
  process.emit("SIGHUP");
  expect(count).toBe(2);
  reloads.close();
  expect(process.emit("SIGHUP")).toBe(false);
  expect([count, hangups]).toEqual([2, []]);
});

test("without one the start reads nothing again", () => {
  const reloads = watchReload({ file: null, onHangup: () => undefined });
  onTestFinished(() => reloads.close());
  reloads.begin(() => expect.unreachable());
});
