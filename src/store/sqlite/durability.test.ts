import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createFolder } from "../../../test/support/workflows.ts";
import { openSqliteStore } from "./store.ts";

interface Writer {
  readonly child: ChildProcess;
  /** Resolves when the output matches; rejects when the process ends before. */
  seen(pattern: RegExp): Promise<RegExpMatchArray>;
  readonly told: string;
}

/** A process that has the store open as `store`, with a 64 KiB text as `filling`. `fileLimitKiB`: no file grows beyond. */
function startWriter(path: string, body: string, fileLimitKiB: number | null = null): Writer {
  const script = `
    import { openSqliteStore } from ${JSON.stringify(new URL("./store.ts", import.meta.url).href)};
    const store = await openSqliteStore(${JSON.stringify(path)});
    const source = { executionId: "x", slaveId: "s", incarnation: 1 };
    const filling = "x".repeat(65536);
    ${body}`;
  const node = [process.execPath, "--input-type=module-typescript", "-e", script];
  const limit = fileLimitKiB === null ? [] : ["prlimit", `--fsize=${fileLimitKiB * 1024}:unlimited`];
  const [command = "", ...args] = [...limit, ...node];
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  let told = "";
  const watchers = new Set<() => void>();
  child.stdout.on("data", (chunk) => {
    told += String(chunk);
    for (const look of watchers) look();
  });
  return {
    child,
    get told() {
      return told;
    },
    seen: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const match = told.match(pattern);
          if (match === null) return;
          watchers.delete(look);
          resolve(match);
        };
        watchers.add(look);
        look();
        child.once("exit", () => reject(new Error(`ended before ${pattern}: ${told}`)));
      }),
  };
}

test("what was acknowledged outlives kill -9 in the middle of writes, and the file is free again", async () => {
  const path = join(createFolder(), "store.db");
  const writer = startWriter(
    path,
    `
    const token = await store.acquire("x");
    for (let number = 1; ; number++) {
      const outcome = await store.appendFrame(source, { number, filling });
      const lines = ["high " + outcome.high];
      if (number % 10 === 0) {
        await store.putDocument("x", "logs", { number });
        lines.push("document " + number);
      }
      if (number % 7 === 0 && await store.writeSnapshot("x", token, { number }, [[source, number - 2]])) {
        lines.push("snapshot " + number);
      }
      console.log(lines.join("\\n"));
    }`,
  );
  await writer.seen(/high 60\n/);
  await expect(openSqliteStore(path)).rejects.toThrow("another process has it open");
  writer.child.kill("SIGKILL");
  if (writer.child.exitCode === null && writer.child.signalCode === null) await once(writer.child, "close");
  const last = (what: string) =>
    Math.max(...[...writer.told.matchAll(new RegExp(`${what} (\\d+)\n`, "g"))].map((match) => Number(match[1])));

  const store = await openSqliteStore(path);
  onTestFinished(() => store.close());
  const snapshot = await store.readSnapshot("x");
  const at = snapshot?.positions[0]?.[1] ?? 0;
  expect(at).toBeGreaterThanOrEqual(last("snapshot") - 2);
  expect(snapshot?.packed).toEqual({ number: at + 2 });
  expect(snapshot?.positions).toEqual([[{ executionId: "x", slaveId: "s", incarnation: 1 }, at]]);
  const numbers = (await store.readFrames("x")).map(({ frame }) => frame.number);
  expect(numbers.at(-1)).toBeGreaterThanOrEqual(last("high"));
  expect(numbers).toEqual(numbers.map((_, place) => at + 1 + place));
  const document = (await store.getDocument("x", "logs")) as { readonly number: number };
  expect(document.number).toBeGreaterThanOrEqual(last("document"));
  expect(await store.acquire("x")).toBe(2);
});

test("a full disk rejects with a clear error, keeps what was acknowledged, and ends when there is room again", async () => {
  const path = join(createFolder(), "store.db");
  const writer = startWriter(
    path,
    `
    const token = await store.acquire("x");
    let high = 0;
    for (;;) {
      try {
        // Two in one transaction: either both are answered as durable, or none.
        const outcomes = await Promise.all([1, 2].map((more) =>
          store.appendFrame(source, { number: high + more, filling })));
        high = outcomes[1].high;
      } catch (error) {
        console.log("failed " + error.code + ": " + error.message + " (" + error.hint + ")");
        break;
      }
    }
    const numbers = (await store.readFrames("x")).map(({ frame }) => frame.number);
    console.log("high " + high + " read " + numbers.length + " last " + numbers.at(-1));
    process.stdin.once("data", async () => {
      const outcome = await store.appendFrame(source, { number: high + 1, filling });
      console.log("then " + outcome.outcome);
      await store.close();
      process.exit();
    });
    `,
    4_096,
  );
  const [, code, message] = await writer.seen(/failed (\w+): (.+)\n/);
  expect(code).toBe("internal_error");
  expect(message).toMatch(
    /the store .*store\.db failed: (disk I\/O error|database or disk is full) \(is the disk full\?/,
  );
  const [, high, read, last] = (await writer.seen(/high (\d+) read (\d+) last (\d+)\n/)).map(Number);
  expect(high).toBeGreaterThan(20);
  expect([read, last]).toEqual([high, high]);
  execFileSync("prlimit", [`--pid=${writer.child.pid}`, "--fsize=unlimited"]);
  writer.child.stdin?.end("on\n");
  await writer.seen(/then appended\n/);
  await once(writer.child, "close");
  const store = await openSqliteStore(path);
  onTestFinished(() => store.close());
  expect(await store.readFrames("x")).toHaveLength((high ?? 0) + 1);
});
