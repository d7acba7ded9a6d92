import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createFrame, openFreshStore, storeKinds } from "../../test/support/stores.ts";
import type { IndexRow, Position, Store } from "./store.ts";

const operation = fc.oneof(
  fc.record({ type: fc.constant("acquire" as const) }),
  fc.record({
    type: fc.constant("append" as const),
    slave: fc.nat(2),
    incarnation: fc.nat(1),
    ahead: fc.integer({ min: -2, max: 2 }),
  }),
  fc.record({ type: fc.constant("write" as const), behind: fc.nat(2), state: fc.jsonValue() }),
  fc.record({ type: fc.constant("snapshot" as const), behind: fc.nat(1), packed: fc.jsonValue(), short: fc.nat(2) }),
  fc.record({ type: fc.constant("document" as const), name: documentName(), value: fc.jsonValue() }),
  fc.record({ type: fc.constant("purge" as const) }),
);

function documentName() {
  return fc.constantFrom("submission" as const, "execution" as const, "report" as const);
}

type Operation = typeof operation extends fc.Arbitrary<infer One> ? One : never;

/** What a store should hold of one execution. */
class Model {
  token = 0;
  written: { token: number; state: unknown } | null = null;
  snapshot: { token: number; packed: unknown } | null = null;
  documents = new Map<string, unknown>();
  /** By slave and incarnation. */
  highs = new Map<string, number>();
  trimmed = new Map<string, number>();
}

describe.each(storeKinds)("%s", (kind) => {
  test("behaves as the plain model in any sequence of operations", async () => {
    const store = await openFreshStore(kind);
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 16 }), async (operations) => {
        const executionId = `x${run++}`;
        let model = new Model();
        for (const each of operations) {
          if (each.type === "purge") {
            await store.purge(executionId);
            model = new Model();
          } else await apply(store, executionId, each, model);
        }
        expect(await store.readCheckpoint(executionId)).toEqual(model.written);
        const numbers = (await store.readFrames(executionId)).map(
          ({ source, frame }) => `${source.slaveId}#${source.incarnation} ${frame.number}`,
        );
        const wanted = [...model.highs].flatMap(([name, high]) => {
          const trimmed = model.trimmed.get(name) ?? 0;
          return Array.from({ length: high - trimmed }, (_, at) => `${name} ${trimmed + at + 1}`);
        });
        expect(numbers.sort()).toEqual(wanted.sort());
        const found = await store.readSnapshot(executionId);
        expect(found === null ? null : { token: found.token, packed: found.packed }).toEqual(model.snapshot);
        const positions = (found?.positions ?? []).map(
          ([source, high]) => [`${source.slaveId}#${source.incarnation}`, high] as const,
        );
        expect(new Map(positions)).toEqual(model.trimmed);
        for (const name of ["submission", "execution", "report"] as const) {
          expect(await store.getDocument(executionId, name)).toEqual(model.documents.get(name) ?? null);
        }
        expect((await store.listExecutions()).includes(executionId)).toBe(model.written !== null);
      }),
      { numRuns: 25 },
    );
  });

  test("a token is higher than every one before, and at least what is asked for", async () => {
    const store = await openFreshStore(kind);
    expect([await store.acquire("x", 5), await store.acquire("x"), await store.acquire("x", 3)]).toEqual([5, 6, 7]);
    expect([await store.acquire("x", 1_764_000_000_000), await store.acquire("y", 0)]).toEqual([1_764_000_000_000, 1]);
  });

  test("a frame that stands for others follows the one before them, and goes with a snapshot like any other", async () => {
    const store = await openFreshStore(kind);
    const token = await store.acquire("x");
    const source = { executionId: "x", slaveId: "s0", incarnation: 1 };
    const standIn = (after: number, number: number) => ({ ...createFrame(number), gap: { after, told: { s: 7 } } });
    await store.appendFrame(source, createFrame(1));
    await store.appendFrame(source, createFrame(2));
    for (const [frame, outcome] of [
      [standIn(3, 9), { outcome: "gap", high: 2 }],
      [standIn(1, 9), { outcome: "gap", high: 2 }],
      [standIn(0, 2), { outcome: "duplicate", high: 2 }],
      [standIn(2, 9), { outcome: "appended", high: 9 }],
      [standIn(2, 9), { outcome: "duplicate", high: 9 }],
      [createFrame(10), { outcome: "appended", high: 10 }],
    ] as const) {
      expect(await store.appendFrame(source, frame)).toEqual(outcome);
    }
    const numbers = async () => (await store.readFrames("x")).map(({ frame }) => frame.number);
    expect(await numbers()).toEqual([1, 2, 9, 10]);
    await store.writeSnapshot("x", token, "merged", [[source, 9]]);
    expect(await numbers()).toEqual([10]);
    expect(await store.appendFrame(source, createFrame(11))).toEqual({ outcome: "appended", high: 11 });
  });

  test("what is written is what was given, typed arrays and sets included, whatever happens to it afterwards", async () => {
    const store = await openFreshStore(kind);
    const token = await store.acquire("x");
    const state = { waiting: new Set(["s0"]), counts: new Uint32Array([1, 2]) };
    const writes = [
      store.writeCheckpoint("x", { token, state }),
      store.writeSnapshot("x", token, state, []),
      store.putDocument("x", "execution", state),
    ];
    state.waiting.clear();
    state.counts[0] = 7;
    await Promise.all(writes);
    const written = { waiting: new Set(["s0"]), counts: new Uint32Array([1, 2]) };
    expect((await store.readCheckpoint("x"))?.state).toEqual(written);
    expect((await store.readSnapshot("x"))?.packed).toEqual(written);
    expect(await store.getDocument("x", "execution")).toEqual(written);
  });

  test("frames in a snapshot are gone, and still duplicates; the next one goes on", async () => {
    const store = await openFreshStore(kind);
    const source = { executionId: "x", slaveId: "s", incarnation: 1 };
    const token = await store.acquire("x");
    for (let number = 1; number <= 5; number++) await store.appendFrame(source, createFrame(number));
    expect(await store.writeSnapshot("x", token, "through 3", [[source, 3]])).toBe(true);
    expect((await store.readFrames("x")).map(({ frame }) => frame.number)).toEqual([4, 5]);
    expect(await store.appendFrame(source, createFrame(2))).toEqual({ outcome: "duplicate", high: 5 });
    expect(await store.appendFrame(source, createFrame(6))).toEqual({ outcome: "appended", high: 6 });
    expect(await store.writeSnapshot("x", token, "through 6", [[source, 6]])).toBe(true);
    expect(await store.readFrames("x")).toEqual([]);
    expect(await store.appendFrame(source, createFrame(6))).toEqual({ outcome: "duplicate", high: 6 });
    expect(await store.readSnapshot("x")).toEqual({ token, packed: "through 6", positions: [[source, 6]] });
  });

  test("a report that comes with a frame is written with it, and not without", async () => {
    const store = await openFreshStore(kind);
    const source = { executionId: "x", slaveId: "s", incarnation: 1 };
    await store.appendFrame(source, createFrame(1), { late: 1 });
    expect(await store.getDocument("x", "report")).toEqual({ late: 1 });
    await store.appendFrame(source, createFrame(1), { late: 2 });
    await store.appendFrame(source, createFrame(3), { late: 3 });
    await store.appendFrame(source, createFrame(2));
    expect(await store.getDocument("x", "report")).toEqual({ late: 1 });
    expect(await store.readFrames("x")).toHaveLength(2);
  });

  test("a snapshot under an old token, or one that knows less than the one before, is refused", async () => {
    const store = await openFreshStore(kind);
    const source = { executionId: "x", slaveId: "s", incarnation: 1 };
    const old = await store.acquire("x");
    const token = await store.acquire("x");
    for (let number = 1; number <= 4; number++) await store.appendFrame(source, createFrame(number));
    expect(await store.writeSnapshot("x", old, "old", [[source, 4]])).toBe(false);
    expect(await store.readSnapshot("x")).toBeNull();
    expect(await store.readFrames("x")).toHaveLength(4);
    expect(await store.writeSnapshot("x", token, "kept", [[source, 3]])).toBe(true);
    expect(await store.writeSnapshot("x", token, "less", [[source, 2]])).toBe(false);
    expect(await store.writeSnapshot("x", token, "none", [])).toBe(false);
    expect(await store.readSnapshot("x")).toEqual({ token, packed: "kept", positions: [[source, 3]] });
  });

  test("a document of 10 MiB", async () => {
    const store = await openFreshStore(kind);
    const value = { text: "é".repeat(5 * 1024 * 1024), list: Array.from({ length: 1_000 }, (_, at) => at / 3) };
    await store.putDocument("x", "logs", value);
    expect(await store.getDocument("x", "logs")).toEqual(value);
    expect(await store.getDocument("x", "report")).toBeNull();
  });

  test("the list of 1,000 executions by page, status, workflow and end, newest first", async () => {
    const store = await openFreshStore(kind);
    // Two of every moment, added in no order of time.
    const rows: IndexRow[] = Array.from({ length: 1_000 }, (_, at) => ({
      executionId: `e${at}`,
      workflowId: `w${at % 7}`,
      workflowName: `流程 ${at % 7}`,
      status: at % 3 === 0 ? "running" : "completed",
      createdAt: 1_700_000_000_000 + ((at * 331) % 500),
      endedAt: at % 3 === 0 ? null : 1_700_000_001_000 + at,
    }));
    await Promise.all(rows.map((row) => store.putIndex(row)));
    const sorted = rows.toReversed().toSorted((left, right) => right.createdAt - left.createdAt);

    expect(await store.listIndex({ limit: 50, offset: 0 })).toEqual({ rows: sorted.slice(0, 50), total: 1_000 });
    expect(await store.listIndex({ limit: 50, offset: 980 })).toEqual({ rows: sorted.slice(980), total: 1_000 });
    expect(await store.listIndex({ limit: 50, offset: 5_000 })).toEqual({ rows: [], total: 1_000 });
    const running = sorted.filter(({ status }) => status === "running");
    expect(await store.listIndex({ status: "running", limit: 500, offset: 3 })).toEqual({
      rows: running.slice(3),
      total: 334,
    });
    const both = running.filter(({ workflowId }) => workflowId === "w3");
    expect(await store.listIndex({ status: "running", workflowId: "w3", limit: 500, offset: 0 })).toEqual({
      rows: both,
      total: both.length,
    });
    const old = sorted.filter(({ endedAt }) => endedAt !== null && endedAt < 1_700_000_001_100);
    expect(await store.listIndex({ endedBefore: 1_700_000_001_100, limit: 500, offset: 0 })).toEqual({
      rows: old,
      total: 66,
    });

    const ended: IndexRow = { ...(rows[0] as IndexRow), status: "aborted", endedAt: 1_700_000_009_000 };
    await store.putIndex(ended);
    expect(await store.listIndex({ status: "aborted", limit: 10, offset: 0 })).toEqual({ rows: [ended], total: 1 });
    await store.purge("e0");
    expect((await store.listIndex({ status: "aborted", limit: 10, offset: 0 })).total).toBe(0);
    expect((await store.listIndex({ limit: 1, offset: 0 })).total).toBe(999);
  });

  test("slaves that were seen: the latest of each, none from before a moment, no more than wanted", async () => {
    const store = await openFreshStore(kind);
    const row = (slaveId: string, lastSeen: number) => ({
      slaveId,
      lastSeen,
      known: { labels: { zone: "é" }, lastSeen },
    });
    for (const [id, at] of [
      ["b", 10],
      ["a", 20],
      ["ü", 30],
      ["b", 40],
    ] as const)
      await store.putSlave(row(id, at), 0, 3);
    expect(await store.listSlaves()).toEqual([row("a", 20), row("b", 40), row("ü", 30)]);
    await store.putSlave(row("c", 50), 0, 3);
    expect(await store.listSlaves()).toEqual([row("b", 40), row("c", 50), row("ü", 30)]);
    await store.putSlave(row("d", 60), 40, 3);
    expect(await store.listSlaves()).toEqual([row("b", 40), row("c", 50), row("d", 60)]);
    await store.purge("b");
    expect(await store.listSlaves()).toHaveLength(3);
  });

  test("a closed store refuses, and closing twice is fine", async () => {
    const store = await openFreshStore(kind);
    await store.putIndex({
      executionId: "x",
      workflowId: "w",
      workflowName: "",
      status: "",
      createdAt: 1,
      endedAt: null,
    });
    await store.close();
    await store.close();
    await expect(store.acquire("x")).rejects.toThrow("closed");
    await expect(store.listIndex({ limit: 1, offset: 0 })).rejects.toThrow("closed");
  });
});

async function apply(
  store: Store,
  executionId: string,
  each: Exclude<Operation, { readonly type: "purge" }>,
  model: Model,
): Promise<void> {
  switch (each.type) {
    case "acquire":
      expect(await store.acquire(executionId)).toBe(++model.token);
      return;
    case "append": {
      const { incarnation } = each;
      const slaveId = `s${each.slave}`;
      const high = model.highs.get(`${slaveId}#${incarnation}`) ?? 0;
      const number = Math.max(1, high + each.ahead);
      const outcome = number === high + 1 ? "appended" : number <= high ? "duplicate" : "gap";
      const after = outcome === "appended" ? number : high;
      const source = { executionId, slaveId, incarnation };
      expect(await store.appendFrame(source, createFrame(number))).toEqual({ outcome, high: after });
      if (after > 0) model.highs.set(`${slaveId}#${incarnation}`, after);
      return;
    }
    case "write": {
      const token = model.token - each.behind;
      const isCurrent: boolean = each.behind === 0;
      expect(await store.writeCheckpoint(executionId, { token, state: each.state })).toBe(isCurrent);
      if (isCurrent) model.written = { token, state: each.state };
      return;
    }
    case "snapshot": {
      const token = model.token - each.behind;
      const highs = [...model.highs].map(([name, high]) => [name, Math.max(0, high - each.short)] as const);
      const positions = highs.map(([name, high]): Position => {
        const [slaveId = "", incarnation = ""] = name.split("#");
        return [{ executionId, slaveId, incarnation: Number(incarnation) }, high];
      });
      const forgets = highs.some(([name, high]) => high < (model.trimmed.get(name) ?? 0));
      const isTaken = each.behind === 0 && !forgets;
      expect(await store.writeSnapshot(executionId, token, each.packed, positions)).toBe(isTaken);
      if (!isTaken) return;
      model.snapshot = { token, packed: each.packed };
      model.trimmed = new Map(highs.filter(([, high]) => high > 0));
      return;
    }
    case "document":
      await store.putDocument(executionId, each.name, each.value);
      model.documents.set(each.name, each.value);
      return;
    default:
      each satisfies never;
  }
}
