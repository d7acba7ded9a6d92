import { createClient } from "@redis/client";
import { DriverFailure } from "../../../driver/call-driver.ts";
import type { JsonObject } from "../../../protocol/json.ts";
import type { BrokerAddress } from "../broker-address.ts";
import type { BrokerConnection, Endpoint, OpenBroker } from "../broker.ts";
import { RedisGroup } from "./redis-group.ts";

/** Of the consumer group where the step names none. */
const defaultGroup = "workflow-engine";

/** Redis streams: entries with a field `body`, one for the key and one for each header; consumed in groups. */
export const openRedis: OpenBroker = async (endpoint, address, { log, signal, timeoutMs, uniqueName }) => {
  const client = await connectRedis(endpoint, address, timeoutMs, signal);
  const groups = new Map<string, Promise<RedisGroup>>();

  function findGroup(stream: string, group: string, declare: boolean): Promise<RedisGroup> {
    const name = JSON.stringify([stream, group]);
    const known = groups.get(name);
    if (known !== undefined) return known;
    const made = openGroup(stream, group, declare);
    groups.set(name, made);
    made.catch(() => groups.delete(name));
    return made;
  }

  async function openGroup(stream: string, group: string, declare: boolean): Promise<RedisGroup> {
    if (declare) {
      await client.sendCommand(["XGROUP", "CREATE", stream, group, "0", "MKSTREAM"]).catch((error: Error) => {
        if (!error.message.includes("BUSYGROUP")) throw error;
      });
    }
    // A read that waits keeps its connection to itself.
    const reader = await connectRedis(endpoint, address, timeoutMs, signal);
    return RedisGroup.create(client, reader, { stream, group, consumer: uniqueName });
  }

  const connection: BrokerConnection = {
    get isOver() {
      return !client.isReady;
    },
    async publish({ destination, body, headers, key, config }): Promise<JsonObject> {
      const entry: (string | Buffer)[] = ["XADD", destination];
      if (!config.declare) entry.push("NOMKSTREAM");
      entry.push("*", "body", body);
      if (key !== null) entry.push("key", key);
      for (const [name, value] of Object.entries(headers)) entry.push(name, value);
      const sent = client.sendCommand<string | null>(entry);
      if (config.acks === "none") {
        sent.catch((error: unknown) => log("debug", `an entry for ${destination} was not added: ${String(error)}`));
        return {};
      }
      const id = await sent;
      if (id === null) throw new DriverFailure("mq_unroutable", `there is no stream ${destination}`);
      return { id };
    },
    async consume({ source, groupId, count, config, take }, signal) {
      const group = await findGroup(source, groupId ?? defaultGroup, config.declare);
      if (count > 0) await group.consume(count, take, signal);
    },
    async close() {
      const opened = await Promise.allSettled(groups.values());
      for (const each of opened) if (each.status === "fulfilled") each.value.close();
      if (client.isReady) await client.close();
    },
  };
  return connection;
};

/** A client that is not mended by the driver, whose texts are bytes where the command asks for it. */
async function connectRedis(
  { address, port, tls }: Endpoint,
  { username, password, path, clientId }: BrokerAddress,
  timeoutMs: number,
  signal: AbortSignal,
) {
  const database = Number(path);
  const client = createClient({
    RESP: 2,
    disableOfflineQueue: true,
    name: (clientId ?? "workflow-engine").replaceAll(/[^\x21-\x7e]/g, "_"),
    ...(path === "" || !Number.isInteger(database) ? {} : { database }),
    ...(username === null ? {} : { username }),
    ...(password === null ? {} : { password }),
    socket: {
      host: address,
      port,
      connectTimeout: timeoutMs,
      noDelay: true,
      reconnectStrategy: false,
      ...(tls === null ? {} : { ...tls, tls: true as const }),
    },
  });
  // What breaks it rejects its commands too.
  client.on("error", () => undefined);
  // Also one that is closing, and waits for answers: to the driver it is not open any more.
  const destroy = () => client.destroy();
  signal.addEventListener("abort", destroy);
  client.on("end", () => signal.removeEventListener("abort", destroy));
  await client.connect();
  return client;
}
