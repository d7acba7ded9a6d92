import { createHash, timingSafeEqual } from "node:crypto";
import {
  type Hello,
  linkVersion,
  type Refused,
  type SlaveLink,
  type SlaveStatus,
  type Welcome,
} from "../protocol/link.ts";
import type { Clock } from "../protocol/ports.ts";
import { setDeadline } from "../protocol/set-deadline.ts";
import { createReporters } from "./reporters.ts";
import type { Registry, RegistryEvent, RegisteredSlave } from "./registered-slave.ts";
import type { RoomLedger } from "./room-ledger.ts";

export interface RegistryOptions {
  readonly clock: Clock;
  readonly ledger: RoomLedger;
  readonly masterId: string;
  /** H. */
  readonly timeoutMs: number;
  /** How often a slave says how it is. */
  readonly intervalMs: number;
  /** Connected at once. */
  readonly maxSlaves: number;
  onEvent(event: RegistryEvent): void;
  /** A new secret. */
  createTicket(): string;
}

interface Entry {
  hello: Hello;
  /** null: it is offline. */
  link: SlaveLink | null;
  status: SlaveStatus | null;
  /** Asked for through the API. */
  drained: boolean;
  lastSeen: number;
  /** Of its link. */
  readonly ticket: string;
  /** Called when the instance answers a probe. */
  readonly probes: Set<() => void>;
}

/** Offline slaves stay listed so long. */
export const listedMs = 24 * 3_600_000;
/** Offline slaves beyond this are forgotten, the longest gone first: ids may be made up anew at every start. */
export const mostOffline = 10_000;

/** A registry of no slaves. */
export function createRegistry(options: RegistryOptions): Registry {
  const { clock, ledger, timeoutMs, intervalMs } = options;
  const entries = new Map<string, Entry>();
  const reporters = createReporters(clock, timeoutMs);
  /** Hellos of one id are decided one after another. */
  const deciding = new Map<string, Promise<unknown>>();

  const isDraining = ({ drained, status }: Entry): boolean => drained || status?.draining === true;
  const describe = (entry: Entry): RegisteredSlave => {
    const { slave, engine, instance } = entry.hello;
    const heldVus = ledger.heldOn(slave.id);
    const busy = slave.max_vus !== null && heldVus >= slave.max_vus;
    const state = entry.link === null ? "offline" : isDraining(entry) ? "draining" : busy ? "busy" : "online";
    const { status, drained, lastSeen } = entry;
    return {
      card: slave,
      version: engine,
      instance,
      state,
      status,
      drained,
      heldVus,
      tasks: ledger.tasksOn(slave.id),
      lastSeen,
    };
  };
  const forgetOld = () => {
    const offline = [...entries].filter(([, { link }]) => link === null);
    offline.sort(([, left], [, right]) => left.lastSeen - right.lastSeen);
    offline.forEach(([id, { lastSeen }], at) => {
      if (lastSeen + listedMs < clock.wall() || offline.length - at > mostOffline) entries.delete(id);
    });
  };
  const probe = (entry: Entry): Promise<boolean> =>
    new Promise((resolve) => {
      const settle = (answered: boolean) => {
        alarm.cancel();
        entry.probes.delete(answer);
        resolve(answered);
      };
      const answer = () => settle(true);
      const alarm = setDeadline(clock, clock.now() + Math.min(intervalMs, timeoutMs / 5), () => settle(false));
      entry.probes.add(answer);
      entry.link?.send({ type: "probe" });
    });

  const decide = async (hello: Hello, link: SlaveLink): Promise<Welcome | Refused> => {
    const { id } = hello.slave;
    if (hello.version !== linkVersion) {
      const message = `slave ${id} speaks version ${hello.version} of the link, this master ${linkVersion}: use the same version of the engine`;
      return { type: "refused", error: "unsupported", message };
    }
    const known = entries.get(id);
    const isOther = known !== undefined && known.link !== null && known.hello.instance !== hello.instance;
    if (isOther && (await probe(known))) {
      if (reporters.admit(id, hello.instance, link)) {
        const ticket = options.createTicket();
        return { type: "welcome", timeoutMs, intervalMs, masterId: options.masterId, ticket };
      }
      const message = `another slave with the id ${id} is connected and answers: give this one an id of its own`;
      return { type: "refused", error: "slave_id_in_use", message };
    }
    const connected = [...entries.values()].filter((entry) => entry.link !== null && entry !== known).length;
    if (connected >= options.maxSlaves) {
      const message = `the master takes ${options.maxSlaves} slaves and has them: start it with a larger --max-slaves`;
      return { type: "refused", error: "too_many_slaves", message };
    }
    const ticket = options.createTicket();
    const isSame = known?.hello.instance === hello.instance;
    // What was ordered while its link was away it has not heard; a master that has just started knows it from the slave.
    const drained = isSame ? known.drained : hello.drained;
    if (known !== undefined && !isSame) reporters.noteReplaced(id, known.hello.instance);
    known?.link?.close("replaced by a new link of the same slave");
    entries.set(id, {
      hello,
      link,
      status: isSame ? known.status : null,
      drained,
      lastSeen: clock.wall(),
      ticket,
      probes: new Set(),
    });
    forgetOld();
    // After the welcome has been sent.
    clock.at(clock.now(), () => {
      if (entries.get(id)?.link !== link) return;
      if (drained !== hello.drained) link.send({ type: "drain", draining: drained });
      options.onEvent({ type: "joined", id });
      if (drained && !isSame) options.onEvent({ type: "drained", id });
    });
    return { type: "welcome", timeoutMs, intervalMs, masterId: options.masterId, ticket };
  };

  return {
    restore(known) {
      for (const { card: slave, version: engine, instance, drained, lastSeen } of known) {
        const hello: Hello = { type: "hello", version: linkVersion, engine, instance, slave, drained };
        entries.set(slave.id, { hello, link: null, status: null, drained, lastSeen, ticket: "", probes: new Set() });
      }
      forgetOld();
    },
    async connect(hello, link) {
      const { id } = hello.slave;
      const before = deciding.get(id) ?? Promise.resolve();
      const decision = before.then(() => decide(hello, link));
      deciding.set(id, decision);
      try {
        return await decision;
      } finally {
        if (deciding.get(id) === decision) deciding.delete(id);
      }
    },
    disconnect(id, instance, link) {
      reporters.leave(instance);
      const entry = entries.get(id);
      if (entry === undefined || entry.hello.instance !== instance) return;
      if (link !== undefined && entry.link !== link) return;
      entry.link = null;
      entry.lastSeen = clock.wall();
      options.onEvent({ type: "left", id });
    },
    noteStatus(id, instance, status) {
      const entry = entries.get(id);
      if (entry === undefined || entry.hello.instance !== instance) return;
      const before = isDraining(entry);
      entry.status = status;
      entry.lastSeen = clock.wall();
      const after = isDraining(entry);
      if (before !== after) options.onEvent({ type: after ? "drained" : "undrained", id });
    },
    noteSign(id, instance) {
      const entry = entries.get(id);
      if (entry?.hello.instance === instance) entry.lastSeen = clock.wall();
    },
    noteProbeAnswer(id, instance) {
      const entry = entries.get(id);
      if (entry?.hello.instance !== instance) return;
      for (const answer of entry.probes) answer();
    },
    setDraining(id, draining) {
      const entry = entries.get(id);
      if (entry === undefined) return false;
      const before = isDraining(entry);
      entry.drained = draining;
      entry.link?.send({ type: "drain", draining });
      const after = isDraining(entry);
      if (before !== after) options.onEvent({ type: after ? "drained" : "undrained", id });
      return true;
    },
    list() {
      forgetOld();
      return [...entries.values()]
        .map(describe)
        .toSorted((left, right) => (left.card.id < right.card.id ? -1 : left.card.id > right.card.id ? 1 : 0));
    },
    get(id) {
      const entry = entries.get(id);
      return entry === undefined ? null : describe(entry);
    },
    holdsTicket(id, ticket) {
      const entry = entries.get(id);
      if (entry === undefined || entry.link === null) return false;
      const [given, own] = [ticket, entry.ticket].map((text) => createHash("sha256").update(text).digest());
      return given !== undefined && own !== undefined && timingSafeEqual(given, own);
    },
    linkOf: (id) => reporters.join(id, entries.get(id)?.link ?? null),
    reports(id, instance, reported) {
      if (reported) reporters.noteReport(instance);
      return reporters.has(id, instance);
    },
    close() {
      for (const { link } of entries.values()) link?.close("the master is closing");
    },
  };
}
