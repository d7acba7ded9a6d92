import { once } from "node:events";
import { createWriteStream, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import { parse } from "csv-parse/sync";
import { indexFile } from "../src/data/index-file.ts";
import { locateRow } from "../src/data/row-index.ts";
import { openRowReader } from "../src/data/row-reader.ts";
import type { Feeder } from "../src/protocol/workflow.ts";

// What a file of rows costs: reading it through once, the memory of its index, a row by its number.
// `node bench/data.ts [rows]`, default 1,000,000 of 100 bytes.

const count = Number(process.argv[2] ?? 1_000_000);
const folder = mkdtempSync(join(tmpdir(), "bench-data-"));
const path = join(folder, "rows.csv");

/** Rows of 100 bytes; `quoted`: every field of every row in quotes. */
async function write(quoted: boolean): Promise<void> {
  const file = createWriteStream(path);
  const wrap = (text: string): string => (quoted ? `"${text}"` : text);
  file.write("id,name,note\n");
  for (let from = 0; from < count; from += 10_000) {
    let piece = "";
    for (let row = from; row < Math.min(count, from + 10_000); row++) {
      const line = `${wrap(String(row))},${wrap(`user-${row}`)},`;
      piece += `${line}${wrap("x".repeat(Math.max(1, 99 - line.length - (quoted ? 2 : 0))))}\n`;
    }
    if (!file.write(piece)) await once(file, "drain");
  }
  file.end();
  await finished(file);
}

const base: Omit<Feeder, "mode"> = {
  name: "rows",
  file: "rows.csv",
  format: "csv",
  per: "iteration",
  onEnd: "recycle",
  delimiter: ",",
  encoding: "utf-8",
};

function perRow(startedAt: number, reads: number): string {
  return `${(((performance.now() - startedAt) * 1_000) / reads).toFixed(2)} us a row`;
}

function settle(): number {
  globalThis.gc?.();
  return process.memoryUsage().rss;
}

try {
  for (const quoted of [false, true]) {
    await write(quoted);
    const before = settle();
    let most = before;
    const watch = setInterval(() => {
      most = Math.max(most, process.memoryUsage().rss);
    }, 20);
    const startedAt = performance.now();
    const index = await indexFile({ ...base, mode: "sequential" }, path);
    const ms = performance.now() - startedAt;
    clearInterval(watch);
    const kept = settle() - before;
    const mb = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;
    const { size } = statSync(path);
    console.log(
      `${quoted ? "quoted" : "plain "}  ${index.rows} rows, ${mb(size)}: indexed in ${(ms / 1_000).toFixed(2)} s, ` +
        `${mb(kept)} kept, at most ${mb(most - before)} more`,
    );
    const reads = Math.min(count, 200_000);
    const head = readFileSync(path).subarray(0, locateRow(index, reads - 1)[1]);
    const parsing = performance.now();
    parse(head, { columns: true });
    console.log(`        csv-parse, all at once: ${perRow(parsing, reads)}`);
    for (const mode of ["sequential", "random"] as const) {
      const reader = openRowReader({ ...base, mode }, path, index);
      let row = 0;
      const from = performance.now();
      for (let read = 0; read < reads; read++) {
        row = mode === "sequential" ? read : (row * 7_919 + 104_729) % count;
        reader.read(row);
      }
      console.log(`        ${mode}: ${perRow(from, reads)}`);
      reader.close();
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}
