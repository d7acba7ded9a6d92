import { headers as createHeaders, type Msg, type Subscription } from "@nats-io/transport-node";
import { DriverFailure } from "../../../driver/call-driver.ts";
import type { JsonObject } from "../../../protocol/json.ts";
import type { BrokerConnection, BrokerMessage, OpenBroker, Want } from "../broker.ts";
import { Inbox } from "../inbox.ts";
import { Lifeline } from "../lifeline.ts";
import { connectNats, readHeaders, writeHeaders } from "./nats-connection.ts";

/** What comes and no step takes is kept up to here, bytes for each VU and subject. */
const maxKeptBytes = 16_000_000;

/** NATS without JetStream: who is not subscribed gets nothing, so a VU's subscription lives as long as the VU. */
export const openNats: OpenBroker = async (endpoint, address, ports) => {
  const client = await connectNats(endpoint, address, ports);
  /** What the server refused last, by the subject: it says so by itself, before it answers the ping of a flush. */
  const refusals = new Map<string, Error>();
  const lifeline = new Lifeline();
  let flushing: Promise<void> | null = null;
  client.closed().then(
    (error) => lifeline.cut(error ?? new DriverFailure("mq_closed", "the connection to the broker was closed")),
    (error: Error) => lifeline.cut(error),
  );
  const watch = async () => {
    for await (const status of client.status()) {
      if (status.type !== "error") continue;
      const { subject } = status.error as { readonly subject?: unknown };
      if (typeof subject === "string") refusals.set(subject, status.error);
    }
  };
  watch().catch((error: unknown) => ports.log("debug", `what the server refuses is no longer seen: ${String(error)}`));

  async function confirm(subject: string): Promise<void> {
    // Those who publish in one turn share a ping: the server answers it after all that came before.
    flushing ??= new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      flushing = null;
      // A flush of a connection that breaks is told nothing.
      return lifeline.guard(client.flush());
    });
    await flushing;
    if (refusals.size === 0) return;
    const refusal = refusals.get(subject);
    if (refusal === undefined) return;
    refusals.delete(subject);
    throw new DriverFailure("mq_auth", `the server does not allow it: ${refusal.message}`);
  }

  async function subscribe({ source, groupId }: Want): Promise<{ inbox: Inbox; close(): void }> {
    const inbox = new Inbox(maxKeptBytes, () =>
      ports.log("debug", "a message that no step consumed was dropped: consume more often"),
    );
    const subscription: Subscription = client.subscribe(source, {
      ...(groupId === null ? {} : { queue: groupId }),
      callback: (error, message) => {
        if (error === null) inbox.put(readMessage(message));
        else inbox.fail(error);
      },
    });
    subscription.closed.then(
      () => inbox.fail(new DriverFailure("mq_closed", "the connection to the broker was closed")),
      () => undefined,
    );
    await confirm(source);
    return { inbox, close: () => subscription.unsubscribe() };
  }

  const connection: BrokerConnection = {
    get isOver() {
      return client.isClosed();
    },
    async publish({ destination, body, headers, key, config }): Promise<JsonObject> {
      const all = key === null ? headers : { ...headers, key };
      const written = writeHeaders(all, createHeaders);
      client.publish(destination, body, written === null ? {} : { headers: written });
      if (config.acks === "none") return {};
      await confirm(destination);
      return { flushed: true };
    },
    async consume(want, signal) {
      const name = JSON.stringify([address.shown, want.source, want.groupId]);
      const { inbox } = await want.subscriptions.of(connection, name, () => subscribe(want));
      for (let taken = 0; taken < want.count; taken++) want.take(await inbox.next(signal));
    },
    close: () => client.close(),
  };
  return connection;
};

function readMessage({ data, headers, subject, reply }: Msg): BrokerMessage {
  const { key, ...others } = readHeaders(headers);
  return {
    body: Buffer.from(data),
    key: key ?? null,
    headers: others,
    about: { subject, ...(reply === undefined || reply === "" ? {} : { reply }) },
  };
}
