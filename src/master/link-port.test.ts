import { expect, test } from "vitest";
import { createTurnedClock } from "../../test/support/turned-clock.ts";
import { type Hello, linkVersion } from "../protocol/link.ts";
import { createLinkPort } from "./link-port.ts";
import { createRegistry } from "./registry.ts";
import { createRoomLedger } from "./room-ledger.ts";

test("a slave is welcomed once the executions that it may speak of are taken up", async () => {
  const registry = createRegistry({
    clock: createTurnedClock(),
    ledger: createRoomLedger(),
    masterId: "m",
    timeoutMs: 10_000,
    intervalMs: 1_000,
    createTicket: () => "t",
    maxSlaves: 2,
    onEvent: () => undefined,
  });
  const takenUp = Promise.withResolvers<void>();
  const nothing = () => undefined;
  const port = createLinkPort(registry, { takenUp: takenUp.promise, receive: nothing, receiveReport: nothing });
  const slave = { id: "a", type: "worker", address: "", capabilities: [], labels: {}, max_vus: 1 } as const;
  const hello: Hello = { type: "hello", version: linkVersion, engine: "1", instance: "i", slave, drained: false };
  const answer = port.connect(hello, { send: nothing, close: nothing, bufferedBytes: 0 });
  await new Promise((resolve) => setImmediate(resolve));
  expect(registry.list()).toEqual([]);
  takenUp.resolve();
  expect(await answer).toMatchObject({ type: "welcome" });
  expect(registry.list()).toHaveLength(1);
});
