import { describe, expect, test } from "vitest";
import { openFreshStore, storeKinds } from "../../../test/support/stores.ts";
import { createTurnedClock } from "../../../test/support/turned-clock.ts";
import { startApiServer } from "../../../test/support/api-server.ts";
import type { ApiKey } from "../access/key-ring.ts";
import { openAccess } from "../access/settings.ts";
import type { Store } from "../../store/store.ts";
import { type Claim, createOnce } from "./once.ts";

/** What is done is counted; ids are counted too. */
function start(store: Store, most?: number) {
  const clock = createTurnedClock();
  const done: Claim[] = [];
  const warned: string[] = [];
  let ids = 0;
  const once = createOnce({
    store,
    clock,
    log: (_level, message) => warned.push(message),
    most,
    createId: () => `x${++ids}`,
  });
  const perform = (key: string, body = "a", caller = "me") =>
    once.perform({ caller, key, parts: ["POST", "/", body] }, async (claim) => {
      done.push(claim);
      return { status: 201, body: `{"id":"${claim.executionId}"}` };
    });
  return { once, clock, done, warned, perform };
}

describe.each(storeKinds)("with the %s store", (kind) => {
  test("a retry gets the same answer and nothing is done twice", async () => {
    const { perform, done } = start(await openFreshStore(kind));
    expect(await perform("k")).toEqual({ status: 201, body: '{"id":"x1"}', replayed: false });
    expect(await perform("k")).toEqual({ status: 201, body: '{"id":"x1"}', replayed: true });
    expect(await perform("other")).toMatchObject({ body: '{"id":"x3"}', replayed: false });
    expect(await perform("k", "a", "somebody else")).toMatchObject({ body: '{"id":"x4"}', replayed: false });
    expect(done.map(({ executionId }) => executionId)).toEqual(["x1", "x3", "x4"]);
  });

  test("many at once: one does it, all have its answer; another request under the key is refused meanwhile", async () => {
    const { once, perform } = start(await openFreshStore(kind));
    const gate = Promise.withResolvers<void>();
    let times = 0;
    const ask = () =>
      once.perform({ caller: "me", key: "k", parts: ["POST", "/", "a"] }, async () => {
        times++;
        await gate.promise;
        return { status: 200, body: "done" };
      });
    const asked = Array.from({ length: 20 }, ask);
    await expect(perform("k", "b")).rejects.toMatchObject({ code: "conflict", status: 409 });
    gate.resolve();
    const answers = await Promise.all(asked);
    expect([times, answers.filter(({ replayed }) => !replayed).length]).toEqual([1, 1]);
    expect(new Set(answers.map(({ body }) => body))).toEqual(new Set(["done"]));
    await expect(perform("k", "b")).rejects.toMatchObject({ code: "conflict" });
  });

  test("what failed was not done: it may be sent again, changed or not", async () => {
    const { once, perform, done } = start(await openFreshStore(kind));
    const failing = once.perform({ caller: "me", key: "k", parts: ["POST", "/", "a"] }, async () => {
      throw new Error("no room");
    });
    await expect(failing).rejects.toThrow("no room");
    expect(await perform("k", "b")).toMatchObject({ replayed: false });
    expect(done.length).toBe(1);
  });

  test("what was begun before a crash goes on under its id", async () => {
    const store = await openFreshStore(kind);
    const crashed = start(store);
    const begun = crashed.once.perform(
      { caller: "me", key: "k", parts: ["POST", "/", "a"] },
      () => new Promise(() => {}),
    );
    begun.catch(() => {});
    await expect.poll(() => store.claimReceipt(nobody, 0, { most: 1, mostOfCaller: 1 })).toBe(null);
    const { perform, done } = start(store);
    // Ids are counted anew, so a new one is made first.
    await perform("before");
    await perform("k");
    expect(done).toEqual([
      { executionId: "x1", begun: false },
      { executionId: "x1", begun: true },
    ]);
  });

  test("after a day a key is new; how many are remembered is bounded, and what was answered stays safe", async () => {
    const { perform, clock } = start(await openFreshStore(kind), 4);
    await perform("a");
    await clock.turn(60_000);
    await perform("b");
    await expect(perform("c")).rejects.toMatchObject({ code: "rate_limited", status: 429 });
    expect(await perform("a")).toMatchObject({ replayed: true });
    await clock.turn(24 * 3_600_000 - 60_000);
    expect(await perform("c")).toMatchObject({ replayed: false });
    expect(await perform("b")).toMatchObject({ replayed: true });
  });
});

test.each(storeKinds)("%s: one caller cannot use up what is for all", async (kind) => {
  const { perform } = start(await openFreshStore(kind), 4);
  const take = async (caller: string, count: number): Promise<number> => {
    const answers = await Promise.allSettled(
      Array.from({ length: count }, (_, at) => perform(`${caller}-${at}`, "a", caller)),
    );
    for (const answer of answers) if (answer.status === "rejected") expect(answer.reason.code).toBe("rate_limited");
    return answers.filter(({ status }) => status === "fulfilled").length;
  };
  expect([await take("greedy", 10), await take("other", 1), await take("third", 5)]).toEqual([2, 1, 1]);
  expect(await perform("greedy-0", "a", "greedy")).toMatchObject({ replayed: true });
});

const nobody = { name: "nobody", caller: "nobody", fingerprint: "", executionId: "", expiresAt: 1, answer: null };

test("a key of one caller is not a key of another; every POST that changes something takes one", async () => {
  const keys: readonly ApiKey[] = ["ann", "bob"].map((name) => {
    return { name, key: `key-of-${name}`, keyHash: null, role: "admin", expiresAt: null };
  });
  const { call, calls } = await startApiServer({ access: { ...openAccess, keys } });
  const post = async (path: string, name: string, key = "k") => {
    const headers = { "x-api-key": `key-of-${name}`, "idempotency-key": `${key}-${path.length}` };
    const answer = await call("POST", `/api/v1/${path}`, { headers });
    return [answer.status, answer.headers.get("idempotent-replayed")];
  };
  expect(await post("executions/live/pause", "ann")).toEqual([200, null]);
  expect(await post("executions/live/pause", "ann")).toEqual([200, "true"]);
  expect(await post("executions/live/pause", "bob")).toEqual([200, null]);
  expect(calls).toEqual(["pause live null", "pause live null"]);
  for (const path of ["executions/live/resume", "slaves/s1/drain", "slaves/s1/undrain"]) {
    expect([await post(path, "ann"), await post(path, "ann")]).toEqual([
      [200, null],
      [200, "true"],
    ]);
  }
  expect(await post("executions/live/pause", "ann", "a key")).toEqual([400, null]);
});

test("a receipt that cannot be written does not undo what was done", async () => {
  const { perform, warned } = start({
    ...(await openFreshStore("memory")),
    answerReceipt: () => Promise.reject(new Error("the disk is full")),
  });
  expect(await perform("k")).toMatchObject({ status: 201, replayed: false });
  expect(warned).toEqual([expect.stringContaining("the disk is full")]);
});

test.each(["", " ", "a b", "钥匙", "x".repeat(256), "a\n"])("%j is no key", async (key) => {
  const { perform, done } = start(await openFreshStore("memory"));
  await expect(perform(key)).rejects.toMatchObject({ code: "invalid_request" });
  expect(done).toEqual([]);
});

test("the store cannot tell what a request said", async () => {
  const seen: string[] = [];
  const store = await openFreshStore("memory");
  const { perform } = start({
    ...store,
    claimReceipt: (receipt, ...rest) => {
      seen.push(JSON.stringify(receipt));
      return store.claimReceipt(receipt, ...rest);
    },
  });
  await perform("key-1", "password");
  await perform("key-2", "password");
  const prints = seen.map((text) => (JSON.parse(text) as { fingerprint: string }).fingerprint);
  expect(prints[0]).not.toBe(prints[1]);
  expect(seen.join("")).not.toMatch(/key-1|password/);
});
