import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Frame } from "../protocol/frame.ts";
import { createMemoryStore } from "./memory.ts";
import { openSqliteStore } from "./sqlite/store.ts";
import type { Store } from "./store.ts";

const stores: Readonly<Record<string, () => Promise<Store>>> = {
  memory: () => Promise.resolve(createMemoryStore()),
  sqlite: () => openSqliteStore(createPath()),
};

function createPath(): string {
  const folder = mkdtempSync(join(tmpdir(), "store-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "store.db");
}

function createFrame(number: number, sum = number): Frame {
  const key = { metric: "http_reqs", type: "counter", tags: {} } as const;
  return {
    number,
    second: number,
    testTimeMs: number,
    warmUp: false,
    series: [{ key, type: "counter", sum }],
    errors: [],
    vus: [],
    overflow: {},
    generator: { cpu: 0, eventLoopLagMs: 0, memory: 0 },
  };
}

describe.each(Object.keys(stores))("%s", (kind) => {
  const open = async () => {
    const store = await (stores[kind] as () => Promise<Store>)();
    onTestFinished(() => store.close());
    return store;
  };

  test("behaves as the plain model in any sequence of operations", async () => {
    const store = await open();
    let run = 0;
    const operation = fc.oneof(
      fc.record({ type: fc.constant("acquire" as const) }),
      fc.record({
        type: fc.constant("append" as const),
        slave: fc.nat(2),
        incarnation: fc.nat(1),
        ahead: fc.integer({ min: -2, max: 2 }),
      }),
      fc.record({ type: fc.constant("write" as const), behind: fc.nat(2), state: fc.jsonValue() }),
      fc.record({ type: fc.constant("purge" as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 12 }), async (operations) => {
        const executionId = `x${run++}`;
        let token = 0;
        let written: { token: number; state: unknown } | null = null;
        const highs = new Map<string, number>();
        for (const each of operations) {
          switch (each.type) {
            case "acquire":
              expect(await store.acquire(executionId)).toBe(++token);
              break;
            case "append": {
              const { incarnation } = each;
              const slaveId = `s${each.slave}`;
              const high = highs.get(`${slaveId}#${incarnation}`) ?? 0;
              const number = Math.max(1, high + each.ahead);
              const outcome = number === high + 1 ? "appended" : number <= high ? "duplicate" : "gap";
              const after = outcome === "appended" ? number : high;
              expect(await store.appendFrame({ executionId, slaveId, incarnation }, createFrame(number))).toEqual({
                outcome,
                high: after,
              });
              if (after > 0) highs.set(`${slaveId}#${incarnation}`, after);
              break;
            }
            case "write": {
              const under = token - each.behind;
              const current: boolean = each.behind === 0;
              expect(await store.writeCheckpoint(executionId, { token: under, state: each.state })).toBe(current);
              if (current) written = { token: under, state: each.state };
              break;
            }
            case "purge":
              await store.purge(executionId);
              token = 0;
              written = null;
              highs.clear();
              break;
            default:
              each satisfies never;
          }
        }
        expect(await store.readCheckpoint(executionId)).toEqual(written);
        const numbers = (await store.readFrames(executionId)).map(
          ({ source, frame }) => `${source.slaveId}#${source.incarnation} ${frame.number}`,
        );
        const wanted = [...highs].flatMap(([name, high]) =>
          Array.from({ length: high }, (_, at) => `${name} ${at + 1}`),
        );
        expect(numbers.sort()).toEqual(wanted.sort());
        expect((await store.listExecutions()).includes(executionId)).toBe(written !== null);
      }),
      { numRuns: 30 },
    );
  });

  test("what is written is what was given, typed arrays and sets included, whatever happens to it afterwards", async () => {
    const store = await open();
    const token = await store.acquire("x");
    const state = { waiting: new Set(["s0"]), counts: new Uint32Array([1, 2]) };
    await store.writeCheckpoint("x", { token, state });
    state.waiting.clear();
    const kept = await store.readCheckpoint("x");
    expect(kept?.state).toEqual({ waiting: new Set(["s0"]), counts: new Uint32Array([1, 2]) });
  });

  test("a closed store refuses, and closing twice is fine", async () => {
    const store = await open();
    await store.close();
    await store.close();
    await expect(store.acquire("x")).rejects.toThrow("closed");
  });
});

test("sqlite: what was acknowledged outlives kill -9, and the file is free again", async () => {
  const path = createPath();
  const script = `
    import { openSqliteStore } from ${JSON.stringify(new URL("./sqlite/store.ts", import.meta.url).href)};
    const store = await openSqliteStore(${JSON.stringify(path)});
    console.log("token " + (await store.acquire("x")));
    for (let number = 1; ; number++) {
      const outcome = await store.appendFrame({ executionId: "x", slaveId: "s", incarnation: 1 }, { number });
      console.log("high " + outcome.high);
    }`;
  const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let told = "";
  const enough = Promise.withResolvers<void>();
  child.stdout.on("data", (chunk) => {
    told += String(chunk);
    if (told.includes("high 20\n")) enough.resolve();
  });
  await enough.promise;
  await expect(openSqliteStore(path)).rejects.toThrow("cannot open the store");
  child.kill("SIGKILL");
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  const high = Math.max(...[...told.matchAll(/high (\d+)\n/g)].map((match) => Number(match[1])));
  const store = await openSqliteStore(path);
  onTestFinished(() => store.close());
  const frames = await store.readFrames("x");
  expect(frames.length).toBeGreaterThanOrEqual(high);
  expect(frames.map(({ frame }) => frame.number)).toEqual(frames.map((_, at) => at + 1));
  expect(await store.acquire("x")).toBe(2);
});
