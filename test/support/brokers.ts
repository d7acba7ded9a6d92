import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { connect as connectTcp, createServer, type AddressInfo } from "node:net";
import { connect as connectRabbit } from "amqplib";
import { connect as connectNats } from "@nats-io/transport-node";
import { jetstreamManager } from "@nats-io/jetstream";
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
  start(): Promise<Server>;
  /** Removes what a test made. */
  remove(port: number, destination: string): Promise<void>;
  /** One that asks for credentials; null: it cannot. */
  readonly startSecured: (() => Promise<Server & { readonly username: string; readonly password: string }>) | null;
}

const shared = (port: number) => () => Promise.resolve({ port, close: () => Promise.resolve() });

export const testBrokers: readonly TestBroker[] = [
  {
    type: "rabbitmq",
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
    type: "nats",
    headers: true,
    slow: false,
    bigBytes: 900_000,
    url: (port) => `nats://127.0.0.1:${port}`,
    start: shared(4222),
    remove: () => Promise.resolve(),
    startSecured: () => startSecuredNats([]),
  },
  {
    type: "jetstream",
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
    startSecured: () => startSecuredNats(["-js", "-sd", "/tmp/we-test-nats"]),
  },
];

async function startSecuredNats(more: readonly string[]) {
  const credentials = { username: "ann", password: "right-pass-0815" };
  const port = await findFreePort();
  const args = ["-a", "127.0.0.1", "-p", `${port}`, "--user", credentials.username, "--pass", credentials.password];
  return { ...(await startServer("nats-server", [...args, ...more], port)), ...credentials };
}

/** Starts an installed server; resolves when it takes connections. */
async function startServer(command: string, args: readonly string[], port: number): Promise<Server> {
  const child = spawn(command, args, { stdio: "ignore" });
  await waitForPort(port, child);
  return {
    port,
    async close() {
      if (child.exitCode !== null) return;
      const over = once(child, "exit");
      child.kill("SIGKILL");
      await over;
    },
  };
}

async function waitForPort(port: number, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (child.exitCode !== null) throw new Error(`${child.spawnfile} ended with ${child.exitCode}`);
    const socket = connectTcp(port, "127.0.0.1");
    const open = await new Promise<boolean>((resolve) => {
      socket.once("connect", () => resolve(true));
      socket.once("error", () => resolve(false));
    });
    socket.destroy();
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${child.spawnfile} does not listen on ${port}`);
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
