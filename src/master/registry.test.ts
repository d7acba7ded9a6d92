import { expect, test } from "vitest";
import { createTurnedClock } from "../../test/support/turned-clock.ts";
import { type Hello, linkVersion, type SlaveLink, type ToSlave } from "../protocol/link.ts";
import { createRegistry } from "./registry.ts";
import { createRoomLedger } from "./room-ledger.ts";

function setUp() {
  const clock = createTurnedClock();
  const ledger = createRoomLedger();
  const events: string[] = [];
  const registry = createRegistry({
    clock,
    ledger,
    masterId: "m",
    timeoutMs: 10_000,
    intervalMs: 1_000,
    createTicket: () => "t",
    maxSlaves: 2,
    onEvent: ({ type, id }) => events.push(`${id} ${type}`),
  });
  return { clock, ledger, events, registry };
}

function greet(id: string, instance = id, maxVus: number | null = 100): Hello {
  const slave = { id, type: "worker", address: "", capabilities: [], labels: {}, max_vus: maxVus } as const;
  return { type: "hello", version: linkVersion, engine: "1", instance, slave, drained: false };
}

function openLink(answer: (message: ToSlave) => void = () => {}): SlaveLink & { readonly closed: string[] } {
  const closed: string[] = [];
  return { send: answer, close: (reason) => closed.push(reason), bufferedBytes: 0, closed };
}

test("slaves of an earlier master are known and offline until they come; those gone for a day are not", async () => {
  const { clock, events, registry } = setUp();
  const known = (id: string, lastSeen: number) =>
    ({ card: greet(id).slave, version: "1", instance: id, drained: id === "drained", lastSeen }) as const;
  const day = 24 * 3_600_000;
  registry.restore([known("here", clock.wall()), known("old", clock.wall() - day - 1), known("drained", clock.wall())]);
  expect(registry.list().map(({ card, state }) => `${card.id} ${state}`)).toEqual(["drained offline", "here offline"]);
  expect(registry.holdsTicket("here", "")).toBe(false);
  await registry.connect(greet("here"), openLink());
  await registry.connect(greet("drained"), openLink());
  await clock.turn(0);
  expect(registry.list().map(({ card, state }) => `${card.id} ${state}`)).toEqual(["drained draining", "here online"]);
  expect(events).toEqual(["here joined", "drained joined"]);
});

const status = { cpu: 0, memory: 1, event_loop_lag_ms: 0, active_vus: 0, draining: false };

test("a slave comes, is busy, drains and goes; every change is told once", async () => {
  const { clock, ledger, events, registry } = setUp();
  expect(await registry.connect(greet("a"), openLink())).toMatchObject({ type: "welcome", timeoutMs: 10_000 });
  await clock.turn(0);
  expect(registry.get("a")?.state).toBe("online");
  ledger.set("x", new Map([["a", 60]]));
  ledger.set("y", new Map([["a", 40]]));
  expect(registry.get("a")).toMatchObject({ state: "busy", heldVus: 100, tasks: 2 });
  ledger.release("y");
  expect([registry.setDraining("a", true), registry.setDraining("a", true), registry.setDraining("b", true)]).toEqual([
    true,
    true,
    false,
  ]);
  expect(registry.get("a")?.state).toBe("draining");
  registry.noteStatus("a", "a", { ...status, draining: true });
  registry.setDraining("a", false);
  expect(registry.get("a")?.state).toBe("draining");
  registry.noteStatus("a", "a", status);
  registry.disconnect("a", "another");
  expect(registry.get("a")?.state).toBe("online");
  registry.disconnect("a", "a");
  expect(registry.get("a")?.state).toBe("offline");
  expect(events).toEqual(["a joined", "a drained", "a undrained", "a left"]);
});

test("an offline slave is forgotten after a day", async () => {
  const { clock, registry } = setUp();
  await registry.connect(greet("a"), openLink());
  registry.disconnect("a", "a");
  await clock.turn(23 * 3_600_000);
  expect(registry.list().length).toBe(1);
  await clock.turn(2 * 3_600_000);
  expect(registry.list()).toEqual([]);
});

test("the same id twice: refused while the other answers a probe, taken when it is silent", async () => {
  const { clock, registry } = setUp();
  const alive = openLink((message) => {
    if (message.type === "probe") registry.noteProbeAnswer("a", "first");
  });
  await registry.connect(greet("a", "first"), alive);
  expect(await registry.connect(greet("a", "second"), openLink())).toMatchObject({ error: "slave_id_in_use" });
  expect(registry.get("a")?.instance).toBe("first");

  const silent = openLink();
  await registry.connect(greet("b", "first"), silent);
  const second = registry.connect(greet("b", "second"), openLink());
  await clock.turn(1_000);
  expect(await second).toMatchObject({ type: "welcome" });
  expect(registry.get("b")?.instance).toBe("second");
  expect(silent.closed.length).toBe(1);
});

test("the same process comes back at once, and is still drained", async () => {
  const { registry } = setUp();
  const old = openLink();
  await registry.connect(greet("a"), old);
  registry.setDraining("a", true);
  expect(await registry.connect(greet("a"), openLink())).toMatchObject({ type: "welcome" });
  expect(old.closed.length).toBe(1);
  expect(registry.get("a")?.state).toBe("draining");
});

test("a master that has just started hears from a slave that it is drained; an undrain it missed is told again", async () => {
  const { clock, events, registry } = setUp();
  const told: ToSlave[] = [];
  const link = openLink((message) => told.push(message));
  await registry.connect({ ...greet("a"), drained: true }, link);
  await clock.turn(0);
  expect(registry.get("a")?.state).toBe("draining");
  expect(events).toEqual(["a joined", "a drained"]);
  registry.disconnect("a", "a", link);
  registry.setDraining("a", false);
  await registry.connect({ ...greet("a"), drained: true }, link);
  await clock.turn(0);
  expect(registry.get("a")?.state).toBe("online");
  expect(told).toEqual([{ type: "drain", draining: false }]);
});

test("one more than fits, or another version, is refused in words", async () => {
  const { registry } = setUp();
  await registry.connect(greet("a"), openLink());
  await registry.connect(greet("b"), openLink());
  expect(await registry.connect(greet("c"), openLink())).toMatchObject({ error: "too_many_slaves" });
  registry.disconnect("b", "b");
  expect(await registry.connect(greet("c"), openLink())).toMatchObject({ type: "welcome" });
  expect(await registry.connect({ ...greet("a"), version: 99 }, openLink())).toMatchObject({ error: "unsupported" });
});
