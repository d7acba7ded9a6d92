import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect as connectRabbit } from "amqplib";
import { connect as connectNats } from "@nats-io/transport-node";
import { jetstreamManager } from "@nats-io/jetstream";
import { createClient } from "@redis/client";
import { mosquitto } from "./services/mosquitto.ts";
import { nats } from "./services/nats.ts";
import { redis } from "./services/redis.ts";
import { type Service, startPrivate } from "./services/service.ts";
import type { BrokerType } from "../../src/executors/mq/mq-config.ts";

interface Server {
  readonly port: number;
  close(): Promise<void>;
}

/** A broker under test. */
export interface TestBroker {
  readonly type: BrokerType;
  /** Messages of it carry headers and keys. */
  readonly headers: boolean;
  /** Joining a group takes it seconds. */
  readonly slow: boolean;
  /** As large as it takes a message. */
  readonly bigBytes: number;
  url(port: number): string;
  /** Changes what it says of its own address, for a proxy in front. */
  rewrite?(chunk: Buffer, port: number): Buffer;
  start(): Promise<Server>;
  /** Removes what a test made. */
  remove(port: number, destination: string): Promise<void>;
  /** What can be started for TLS, or to be killed; null: nothing can. */
  readonly service: Service | null;
  /** Its URLs over TLS begin so. */
  readonly secureScheme?: string;
  /** One that asks for credentials; null: it cannot. */
  readonly startSecured: (() => Promise<Server & { readonly username: string; readonly password: string }>) | null;
}

const shared = (port: number) => () => Promise.resolve({ port, close: () => Promise.resolve() });

export const testBrokers: readonly TestBroker[] = [
  {
    type: "rabbitmq",
    service: null,
    headers: true,
    slow: false,
    bigBytes: 4_000_000,
    url: (port) => `amqp://127.0.0.1:${port}`,
    start: shared(5672),
    async remove(port, destination) {
      const connection = await connectRabbit(`amqp://127.0.0.1:${port}`);
      const channel = await connection.createChannel();
      await channel.deleteQueue(destination);
      await connection.close();
    },
    startSecured: () =>
      Promise.resolve({ port: 5672, username: "guest", password: "guest", close: () => Promise.resolve() }),
  },
  {
    type: "kafka",
    service: null,
    headers: true,
    slow: true,
    bigBytes: 700_000,
    url: (port) => `kafka://127.0.0.1:${port}`,
    start: startMockKafka,
    remove: () => Promise.resolve(),
    rewrite(chunk, port) {
      // Metadata and coordinators name a host, with its length before it, and a port.
      const host = Buffer.from("\0\t127.0.0.1", "latin1");
      for (let at = chunk.indexOf(host); at >= 0; at = chunk.indexOf(host, at + 1))
        chunk.writeInt32BE(port, at + host.length);
      return chunk;
    },
    // The mock cluster knows no credentials.
    startSecured: null,
  },
  {
    type: "nats",
    service: nats,
    secureScheme: "tls",
    headers: true,
    slow: false,
    bigBytes: 900_000,
    url: (port) => `nats://127.0.0.1:${port}`,
    start: shared(4222),
    remove: () => Promise.resolve(),
    startSecured: startSecuredNats,
  },
  {
    type: "jetstream",
    service: nats,
    secureScheme: "tls",
    headers: true,
    slow: false,
    bigBytes: 900_000,
    url: (port) => `nats://127.0.0.1:${port}`,
    start: shared(4222),
    async remove(port, destination) {
      const client = await connectNats({ servers: `127.0.0.1:${port}` });
      const manager = await jetstreamManager(client);
      const names: string[] = [];
      for await (const { config } of manager.streams.list(destination)) names.push(config.name);
      for (const name of names) await manager.streams.delete(name);
      await client.close();
    },
    startSecured: startSecuredNats,
  },
  {
    type: "mqtt",
    service: mosquitto,
    secureScheme: "mqtts",
    headers: true,
    slow: false,
    bigBytes: 4_000_000,
    url: (port) => `mqtt://127.0.0.1:${port}`,
    start: shared(1883),
    remove: () => Promise.resolve(),
    startSecured: async () => ({ ...(await startPrivate(securedMosquitto)), ...credentials }),
  },
  {
    type: "redis",
    service: redis,
    secureScheme: "rediss",
    headers: true,
    slow: false,
    bigBytes: 4_000_000,
    url: (port) => `redis://127.0.0.1:${port}`,
    start: shared(6379),
    async remove(port, destination) {
      const client = createClient({ url: `redis://127.0.0.1:${port}` });
      await client.connect();
      await client.del(destination);
      await client.close();
    },
    startSecured: async () => ({
      ...(await startPrivate(redis, { more: ["--requirepass", credentials.password] })),
      ...credentials,
      username: "default",
    }),
  },
];

/** Of the servers that ask for them. */
const credentials = { username: "ann", password: "right-pass-0815" };

async function startSecuredNats() {
  const { username, password } = credentials;
  return { ...(await startPrivate(nats, { more: ["--user", username, "--pass", password] })), ...credentials };
}

const securedMosquitto: Service = {
  ...mosquitto,
  prepare(folder, use) {
    use("mosquitto_passwd", ["-c", "-b", join(folder, "passwords"), credentials.username, credentials.password]);
  },
  args(folder, port) {
    const lines = [`listener ${port} 127.0.0.1`, "allow_anonymous false", `password_file ${folder}/passwords`];
    writeFileSync(join(folder, "mosquitto.conf"), `${lines.join("\n")}\n`);
    return ["-c", join(folder, "mosquitto.conf")];
  },
};

/** A cluster of one that librdkafka plays, held by Debian's kcat. */
export async function startMockKafka(): Promise<Server> {
  const mock = ["-X", "test.mock.num.brokers=1", "-X", "allow.auto.create.topics=true", "-d", "mock,broker"];
  const args = ["-b", "unused:1", ...mock, "-C", "-t", "keep"];
  const child = spawn("kcat", args, { stdio: ["pipe", "ignore", "pipe"] });
  const over = once(child, "exit");
  let said = "";
  const port = await new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", () => reject(new Error(`kcat ended: ${said.slice(-500)}`)));
    child.stderr.on("data", (text: Buffer) => {
      if (said.length < 100_000) said += text.toString();
      const found = /127\.0\.0\.1:(\d{2,5})/.exec(said);
      if (found !== null) resolve(Number(found[1]));
    });
  });
  return {
    port,
    async close() {
      child.kill("SIGKILL");
      await over;
    },
  };
}
