import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { runCommand, startCommand } from "../support/command.ts";

/** A node's log that is flooded while nobody reads its stdout. */
async function flood(): Promise<{ child: ChildProcess; told(): string }> {
  const entry = fileURLToPath(new URL("../support/flooding-log-process.ts", import.meta.url));
  const child = spawn(process.execPath, [entry], { stdio: ["pipe", "pipe", "pipe"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  let told = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    told += text;
  });
  while (!told.includes("stood")) await once(child.stderr, "data", { signal: AbortSignal.timeout(30_000) });
  return { child, told: () => told };
}

test("a log that nobody reads holds up nothing, neither the work nor the end", { timeout: 180_000 }, async () => {
  const { child, told } = await flood();
  // Whoever waited for a reader here would stand for ever.
  child.stdin?.end();
  const [code] = await once(child, "exit", { signal: AbortSignal.timeout(30_000) });
  expect([code, told()]).toEqual([0, expect.stringMatching(/^stood \d+ ms\n$/)]);
});

test("who reads late is told how many lines were dropped, and gets the end", { timeout: 180_000 }, async () => {
  const { child } = await flood();
  let read = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    read += text;
  });
  // What may wait was full, since lines were dropped: that much comes, and what was on its way to it fits into the pipe.
  await expect.poll(() => read.length).toBeGreaterThan(8 * 1024 * 1024 - 1_000);
  for (let before = -1; before < read.length; await new Promise((resolve) => setTimeout(resolve, 500)))
    before = read.length;
  child.stdin?.end();
  await once(child, "close", { signal: AbortSignal.timeout(30_000) });
  const lines = read
    .trimEnd()
    .split("\n")
    .map((line) => String((JSON.parse(line) as { readonly message: string }).message));
  const dropped = Number(/^(\d+) lines of the log were dropped/.exec(lines.at(-2) ?? "")?.[1]);
  expect(lines.at(-1)).toBe("the last line");
  expect(lines.length - 2 + dropped).toBe(100_000);
});

test("a log on a full disk is told once, and the node goes on and ends", { timeout: 180_000 }, async () => {
  const slave = startCommand(["slave", "start", "--master", "127.0.0.1:1", "--address", "127.0.0.1:0"], {
    env: { WE_LOGGING_OUTPUT: "file", WE_LOGGING_FILE: "/dev/full" },
  });
  await slave.seen(/the log is not written/);
  slave.child.kill("SIGTERM");
  const { code, stdout, stderr } = await slave.finished;
  expect([code, stdout, stderr]).toEqual([0, "", "error: the log is not written: no space left on device\n"]);
});

test("a log that cannot be opened stops the start", async () => {
  const { code, stderr } = await runCommand(["slave", "start", "--master", "127.0.0.1:1"], {
    env: { WE_LOGGING_OUTPUT: "file", WE_LOGGING_FILE: "/proc/nowhere/a.log" },
  });
  expect([code, stderr]).toEqual([1, expect.stringContaining("cannot write the log /proc/nowhere/a.log: ")]);
});
