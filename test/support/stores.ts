import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Frame } from "../../src/protocol/frame.ts";
import { createMemoryStore } from "../../src/store/memory.ts";
import { openSqliteStore } from "../../src/store/sqlite/store.ts";
import type { Store } from "../../src/store/store.ts";
import { createFolder } from "./workflows.ts";

const openers = {
  memory: () => Promise.resolve(createMemoryStore()),
  sqlite: () => openSqliteStore(join(createFolder(), "store.db")),
} as const satisfies Record<string, () => Promise<Store>>;

export type StoreKind = keyof typeof openers;

/** Every implementation of the store contract. */
export const storeKinds: readonly StoreKind[] = ["memory", "sqlite"];

/** A new store, closed when the test ends. */
export async function openFreshStore(kind: StoreKind): Promise<Store> {
  const store = await openers[kind]();
  onTestFinished(() => store.close());
  return store;
}

/** A frame with one counter. */
export function createFrame(number: number, sum = number): Frame {
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
