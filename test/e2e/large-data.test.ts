import { once } from "node:events";
import { createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import { expect, onTestFinished, test } from "vitest";
import { startCommand } from "../support/command.ts";
import { startTestTarget } from "../support/counting-target.ts";

/** The long suite reads a gigabyte. */
const rows = process.env.LONG_TESTS === "1" ? 10_000_000 : 500_000;

async function writeRows(path: string, count: number): Promise<void> {
  const file = createWriteStream(path);
  file.write("id,name,note\n");
  for (let from = 0; from < count; from += 10_000) {
    let piece = "";
    for (let row = from; row < Math.min(count, from + 10_000); row++) {
      const line = `${row},user-${row},`;
      piece += `${line}${"x".repeat(99 - line.length)}\n`;
    }
    if (!file.write(piece)) await once(file, "drain");
  }
  file.end();
  await finished(file);
}

/** The most memory that a run of the file had, bytes, and what its requests asked for. */
async function measure(folder: string, count: number): Promise<{ most: number; paths: readonly string[] }> {
  const target = await startTestTarget();
  await writeRows(join(folder, "rows.csv"), count);
  const workflow = {
    data: { rows: { file: "rows.csv", mode: "random" } },
    options: { vus: 20, iterations: 4_000, http: { base_url: target.url } },
    steps: [{ type: "http", config: { url: "/${data.rows.id}/${data.rows.name}" } }],
  };
  const file = join(folder, "load.json");
  writeFileSync(file, JSON.stringify(workflow));
  // It says so itself as its last word: who looks from outside may miss the end.
  const status = join(folder, "status");
  const watch = join(folder, "watch.mjs");
  writeFileSync(
    watch,
    `import { readFileSync, writeFileSync } from "node:fs";
     import { isMainThread } from "node:worker_threads";
     if (isMainThread) process.on("exit", () => writeFileSync(${JSON.stringify(status)}, readFileSync("/proc/self/status")));`,
  );
  const env = { NODE_OPTIONS: `--import=${watch}` };
  const command = startCommand(["run", file, "-q", "--threads", "2"], { deadlineMs: 170_000, env });
  expect(await command.finished).toMatchObject({ code: 0 });
  const kilobytes = /VmHWM:\s+(\d+) kB/.exec(readFileSync(status, "utf8"))?.[1];
  return { most: Number(kilobytes) * 1024, paths: (await target.list()).map(({ path }) => path) };
}

test("a file of millions of rows costs a few bytes a row, whatever the threads", { timeout: 300_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "rows-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const small = await measure(folder, 10);
  const large = await measure(folder, rows);
  expect(large.paths.length).toBe(4_000);
  for (const path of large.paths) expect(path).toMatch(/^\/(\d+)\/user-\1$/);
  expect(Math.max(...large.paths.map((path) => Number(path.split("/")[1])))).toBeGreaterThan(rows / 2);
  expect(small.most).toBeGreaterThan(10e6);
  expect(large.most - small.most).toBeLessThan(100e6);
});
