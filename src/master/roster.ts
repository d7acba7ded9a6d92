import type { Alarm, Clock, Log } from "../protocol/ports.ts";
import type { Store } from "../store/store.ts";
import { createDurableWrites } from "./durable-writes.ts";
import type { KnownSlave, RegisteredSlave, Registry } from "./registered-slave.ts";
import { listedMs, mostOffline } from "./registry.ts";

export interface RosterOptions {
  readonly store: Pick<Store, "putSlave" | "listSlaves">;
  readonly registry: Pick<Registry, "restore" | "get" | "list">;
  readonly clock: Clock;
  readonly log: Log;
  /** Connected at once. */
  readonly maxSlaves: number;
}

/** Keeps the registry's slaves in the store: a master that starts again knows those that are away. */
export interface Roster {
  /** Gives the registry the slaves that the store knows, and keeps them from now on. */
  restore(): Promise<void>;
  /** Something about a slave has changed. */
  note(id: string): void;
  /** Resolves when what is being written is. */
  close(): Promise<void>;
}

/** How far the store may be behind on when a connected slave was last seen. */
const renewMs = 60_000;

export function createRoster({ store, registry, clock, log, maxSlaves }: RosterOptions): Roster {
  const writes = createDurableWrites(clock, log);
  let alarm: Alarm | null = null;

  const put = async (id: string): Promise<void> => {
    const slave = registry.get(id);
    if (slave === null) return;
    const now = clock.wall();
    const lastSeen = slave.state === "offline" ? slave.lastSeen : now;
    const known = describe(slave, lastSeen);
    await store.putSlave({ slaveId: id, lastSeen, known }, now - listedMs, mostOffline + maxSlaves);
  };
  const note = (id: string) => writes.write(`slave ${id}`, () => put(id));
  const renew = () => {
    for (const { card, state } of registry.list()) if (state !== "offline") note(card.id);
    alarm = clock.at(clock.now() + renewMs, renew);
  };

  return {
    async restore() {
      registry.restore((await store.listSlaves()).map(({ known }) => known as KnownSlave));
      renew();
    },
    note,
    async close() {
      alarm?.cancel();
      await writes.close();
    },
  };
}

function describe({ card, version, instance, drained }: RegisteredSlave, lastSeen: number): KnownSlave {
  return { card, version, instance, drained, lastSeen };
}
