import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serialize } from "node:v8";
import { packSnapshot } from "../src/measure/pack-snapshot.ts";
import { applyFrame, createSnapshot } from "../src/measure/snapshot.ts";
import type { Frame } from "../src/protocol/frame.ts";
import { createMemoryStore } from "../src/store/memory.ts";
import { openSqliteStore } from "../src/store/sqlite/store.ts";
import type { Source, Store } from "../src/store/store.ts";
import { makeFrame } from "./support/make-frame.ts";

const SLAVES = 200;
const SECONDS = 20;
const ROUNDS = 5;
const HOUR = 3_600;

/** Microseconds of a whole process per frame of 20 series, through each store, and what a snapshot of an hour costs. */
export async function benchStore(): Promise<void> {
  const frames = Array.from({ length: SECONDS }, (_, at) => makeFrame(at + 1));
  const bytes = serialize(frames[0]).length;
  console.log(
    `a frame of ${frames[0]?.series.length} series: ${bytes} bytes stored, ${JSON.stringify(frames[0]).length} as plain JSON`,
  );
  const kinds: Record<string, () => Promise<Store>> = {
    memory: () => Promise.resolve(createMemoryStore()),
    sqlite: () => openSqliteStore(join(folder, `${performance.now()}.db`)),
  };
  const folder = mkdtempSync(join(tmpdir(), "bench-store-"));
  try {
    const costs: Record<string, { process: number; own: number }[]> = { memory: [], sqlite: [] };
    for (let round = 0; round < ROUNDS; round++) {
      for (const [kind, open] of Object.entries(kinds)) costs[kind]?.push(await append(await open(), frames));
    }
    const middle = (kind: string, which: "process" | "own") =>
      (costs[kind] ?? []).map((cost) => cost[which]).toSorted((left, right) => left - right)[ROUNDS >> 1] ?? 0;
    for (const kind of Object.keys(kinds)) {
      const [whole, own] = [middle(kind, "process"), middle(kind, "own")];
      const ratio = whole / middle("memory", "process");
      console.log(
        `${kind.padEnd(7)} ${whole.toFixed(1)} µs CPU a frame (${ratio.toFixed(2)} x memory), ${own.toFixed(1)} in the master's thread`,
      );
    }
    compareEncodings(frames[0] as Frame);
    await benchSnapshot(await openSqliteStore(join(folder, "snapshot.db")), join(folder, "snapshot.db"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** As 200 slaves do it: a second's frames together. */
async function append(store: Store, frames: readonly Frame[]): Promise<{ process: number; own: number }> {
  const sources = Array.from(
    { length: SLAVES },
    (_, at): Source => ({
      executionId: "x",
      slaveId: `slave-${at}`,
      incarnation: 1,
    }),
  );
  const cpu = process.cpuUsage();
  const own = process.threadCpuUsage();
  for (const frame of frames) await Promise.all(sources.map((source) => store.appendFrame(source, frame)));
  const { user, system } = process.cpuUsage(cpu);
  const thread = process.threadCpuUsage(own);
  await store.close();
  const appended = frames.length * SLAVES;
  return { process: (user + system) / appended, own: (thread.user + thread.system) / appended };
}

function compareEncodings(frame: Frame): void {
  const plain = JSON.stringify(frame, (_, value: unknown) =>
    ArrayBuffer.isView(value) ? [...(value as Int32Array)] : value,
  );
  const measure = (work: () => unknown) => {
    for (let at = 0; at < 2_000; at++) work();
    const from = performance.now();
    for (let at = 0; at < 5_000; at++) work();
    return (performance.now() - from) / 5;
  };
  const asV8 = measure(() => serialize(frame));
  const asJson = measure(() =>
    JSON.stringify(frame, (_, value: unknown) => (ArrayBuffer.isView(value) ? [...(value as Int32Array)] : value)),
  );
  const cloned = measure(() => structuredClone(frame));
  console.log(
    `encoding a frame: v8 ${asV8.toFixed(1)} µs, JSON ${asJson.toFixed(1)} µs (${plain.length} bytes), structuredClone ${cloned.toFixed(1)} µs`,
  );
}

async function benchSnapshot(store: Store, path: string): Promise<void> {
  const snapshot = createSnapshot({ metrics: {}, thresholds: [] });
  for (let second = 0; second < HOUR; second++) applyFrame(snapshot, "s", makeFrame(second));
  const token = await store.acquire("x");
  const times: number[][] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    const from = performance.now();
    const packed = packSnapshot(snapshot);
    const middle = performance.now();
    const written = store.writeSnapshot("x", token, packed, []);
    times[0]?.push(middle - from);
    times[1]?.push(performance.now() - middle);
    await written;
  }
  await store.close();
  const [pack, hand] = times.map((all) => all.toSorted((left, right) => left - right)[ROUNDS >> 1]?.toFixed(1));
  const size = (serialize(packSnapshot(snapshot)).length / 1024 / 1024).toFixed(1);
  const file = (statSync(path).size / 1024 / 1024).toFixed(1);
  console.log(
    `a snapshot of an hour: ${size} MiB, packed in ${pack} ms, handed over in ${hand} ms; file ${file} MiB after ${ROUNDS}`,
  );
}
