import type { IPublishPacket, MqttClient } from "mqtt";
import type { BrokerMessage } from "../broker.ts";
import type { Inbox } from "../inbox.ts";
import { matchesFilter } from "./mqtt-topics.ts";

interface Entry {
  readonly filter: string;
  readonly id: number;
  /** Of each VU; members of a group share one. */
  readonly inboxes: Set<Inbox>;
  readonly granted: Promise<unknown>;
  users: number;
}

/** What the steps of a thread have subscribed to, over one client that asks the broker for each filter once. */
export class MqttSubscriptions {
  readonly #client: MqttClient;
  readonly #createInbox: () => Inbox;
  readonly #entries = new Map<string, Entry>();
  #ids = 0;

  constructor(client: MqttClient, createInbox: () => Inbox) {
    this.#client = client;
    this.#createInbox = createInbox;
    client.on("message", (topic, payload, packet) => this.#receive(topic, payload, packet));
  }

  /** Resolves when the broker has granted it. With a group the messages are shared among its members. */
  async open(filter: string, group: string | null, qos: 0 | 1 | 2): Promise<{ readonly inbox: Inbox; close(): void }> {
    const asked = group === null ? filter : `$share/${group}/${filter}`;
    const entry = this.#entries.get(asked) ?? this.#subscribe(asked, filter, qos);
    entry.users++;
    const [first] = entry.inboxes;
    const inbox = group !== null && first !== undefined ? first : this.#createInbox();
    entry.inboxes.add(inbox);
    let closed = false;
    const close = () => {
      if (closed) return;
      closed = true;
      entry.users--;
      if (group === null) entry.inboxes.delete(inbox);
      if (entry.users > 0) return;
      if (this.#entries.get(asked) === entry) this.#entries.delete(asked);
      if (this.#client.connected) this.#client.unsubscribe(asked, () => undefined);
    };
    try {
      await entry.granted;
    } catch (error) {
      close();
      throw error;
    }
    return { inbox, close };
  }

  fail(error: Error): void {
    for (const { inboxes } of this.#entries.values()) for (const inbox of inboxes) inbox.fail(error);
  }

  #subscribe(asked: string, filter: string, qos: 0 | 1 | 2): Entry {
    const id = ++this.#ids;
    const isFive = this.#client.options.protocolVersion === 5;
    const options = isFive ? { qos, properties: { subscriptionIdentifier: id } } : { qos };
    const entry: Entry = {
      filter,
      id,
      inboxes: new Set(),
      granted: this.#client.subscribeAsync(asked, options),
      users: 0,
    };
    this.#entries.set(asked, entry);
    return entry;
  }

  #receive(topic: string, payload: Buffer, packet: IPublishPacket): void {
    const message = readMessage(topic, payload, packet);
    const named = packet.properties?.subscriptionIdentifier;
    const ids = named === undefined ? null : [named].flat();
    for (const { filter, id, inboxes } of this.#entries.values()) {
      if (ids === null ? !matchesFilter(filter, topic) : !ids.includes(id)) continue;
      for (const inbox of inboxes) inbox.put(message);
    }
  }
}

function readMessage(topic: string, payload: Buffer, { qos, retain, dup, properties }: IPublishPacket): BrokerMessage {
  const { key, ...others } = Object.fromEntries(
    Object.entries(properties?.userProperties ?? {}).map(([name, value]) => [name, [value].flat().join(", ")]),
  );
  return { body: payload, key: key ?? null, headers: others, about: { topic, qos, retain, redelivered: dup } };
}
