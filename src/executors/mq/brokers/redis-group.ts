import { RESP_TYPES } from "@redis/client";
import type { BrokerMessage } from "../broker.ts";
import { Inbox } from "../inbox.ts";

/** The longest that a read waits on the server, ms; then there is another. */
const blockMs = 5_000;

/** For commands whose texts are bytes. */
const asBytes = { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } };

/** What this needs of a client. */
interface Commands {
  sendCommand(args: readonly (string | Buffer)[], options?: object): Promise<unknown>;
  destroy(): void;
  readonly isOpen: boolean;
}

interface GroupName {
  readonly stream: string;
  readonly group: string;
  /** Who takes them, for this thread. */
  readonly consumer: string;
}

type Entry = readonly [id: Buffer, fields: readonly Buffer[]];

/** The entries of a stream for a group, read for as many as steps want, over a connection of its own. */
export class RedisGroup {
  readonly #client: Commands;
  readonly #reader: Commands;
  readonly #readerId: string;
  readonly #name: GroupName;
  readonly #inbox = new Inbox(Number.POSITIVE_INFINITY, () => undefined);
  #reading = false;
  #closed = false;

  static async create(client: Commands, reader: Commands, name: GroupName): Promise<RedisGroup> {
    return new RedisGroup(client, reader, String(await reader.sendCommand(["CLIENT", "ID"])), name);
  }

  private constructor(client: Commands, reader: Commands, readerId: string, name: GroupName) {
    this.#client = client;
    this.#reader = reader;
    this.#readerId = readerId;
    this.#name = name;
  }

  /** Hands over so many entries and acknowledges each. */
  async consume(count: number, take: (message: BrokerMessage) => void, signal: AbortSignal): Promise<void> {
    const { stream, group } = this.#name;
    const acknowledged: Promise<unknown>[] = [];
    for (let taken = 0; taken < count; taken++) {
      const coming = this.#inbox.next(signal, count - taken);
      this.#read();
      let message: BrokerMessage;
      try {
        message = await coming;
      } catch (error) {
        if (this.#inbox.wanted === 0) this.#unblock();
        throw error;
      }
      take(message);
      const done = this.#client.sendCommand(["XACK", stream, group, String(message.about["id"])]);
      // Awaited below, unless a later wait fails first: then the step tells that.
      done.catch(() => undefined);
      acknowledged.push(done);
    }
    await Promise.all(acknowledged);
  }

  close(): void {
    this.#closed = true;
    if (this.#reader.isOpen) this.#reader.destroy();
  }

  /** Reads as long as somebody waits. */
  #read(): void {
    if (this.#reading || this.#closed) return;
    this.#reading = true;
    const { stream, group, consumer } = this.#name;
    const loop = async () => {
      while (this.#inbox.wanted > 0 && !this.#closed) {
        const reply = (await this.#reader.sendCommand(
          ["XREADGROUP", "GROUP", group, consumer, "COUNT", String(this.#inbox.wanted)].concat([
            "BLOCK",
            String(blockMs),
            "STREAMS",
            stream,
            ">",
          ]),
          asBytes,
        )) as readonly (readonly [stream: Buffer, entries: readonly Entry[]])[] | null;
        for (const [, entries] of reply ?? []) for (const entry of entries) this.#inbox.put(readEntry(entry));
      }
    };
    loop().then(
      () => {
        this.#reading = false;
        // A step that was given all that came may have asked for more before this.
        if (this.#inbox.wanted > 0) this.#read();
      },
      (error: Error) => {
        this.#reading = false;
        this.#closed = true;
        this.#inbox.fail(error);
      },
    );
  }

  /** Nobody waits any more: entries that come stay for others. */
  #unblock(): void {
    if (!this.#reading || this.#closed) return;
    // It fails with its connection, with which the pool drops the groups and their readers.
    this.#client.sendCommand(["CLIENT", "UNBLOCK", this.#readerId]).catch(() => undefined);
  }
}

function readEntry([id, fields]: Entry): BrokerMessage {
  let body: Buffer = Buffer.alloc(0);
  let key: string | null = null;
  const headers: Record<string, string> = {};
  for (let place = 0; place + 1 < fields.length; place += 2) {
    const name = String(fields[place]);
    const value = fields[place + 1] as Buffer;
    if (name === "body") body = value;
    else if (name === "key") key = value.toString();
    else headers[name] = value.toString();
  }
  return { body, key, headers, about: { id: id.toString() } };
}
