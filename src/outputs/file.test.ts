import { execFileSync } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, readSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openGrowingFile } from "./file.ts";

function makePipe(): string {
  const path = join(mkdtempSync(join(tmpdir(), "we-pipe-")), "pipe");
  execFileSync("mkfifo", [path]);
  return path;
}

test("a pipe that nobody reads is refused", async () => {
  await expect(openGrowingFile(makePipe(), null)).rejects.toMatchObject({ code: "ENXIO" });
});

test("a reader that stands still costs no more than the attempt; then the same piece goes on", async () => {
  const path = makePipe();
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  onTestFinished(() => closeSync(reader));
  const file = await openGrowingFile(path, null);
  // More than a pipe holds.
  const body = Buffer.alloc(1_000_000, "0123456789");
  await expect(file.append(body, AbortSignal.timeout(100))).rejects.toThrow();
  const read: Buffer[] = [];
  const sent = file.append(body, new AbortController().signal);
  const size = () => read.reduce((sum, { length }) => sum + length, 0);
  const piece = Buffer.alloc(65_536);
  while (size() < body.length) {
    try {
      read.push(Buffer.from(piece.subarray(0, readSync(reader, piece))));
    } catch (error) {
      expect(error).toMatchObject({ code: "EAGAIN" });
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await sent;
  await file.close();
  expect(Buffer.concat(read).equals(body)).toBe(true);
  expect(file.size).toBe(body.length);
});
