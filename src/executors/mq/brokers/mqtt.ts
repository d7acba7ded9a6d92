import { connect as connectTcp } from "node:net";
import { connect as connectTls } from "node:tls";
import { type IClientPublishOptions, MqttClient } from "mqtt";
import { DriverFailure } from "../../../driver/call-driver.ts";
import type { JsonObject } from "../../../protocol/json.ts";
import type { BrokerConnection, OpenBroker } from "../broker.ts";
import { Inbox } from "../inbox.ts";
import { Lifeline } from "../lifeline.ts";
import { MqttSubscriptions } from "./mqtt-subscriptions.ts";

/** What comes and no step takes is kept up to here, bytes for each VU and topic. */
const maxKeptBytes = 16_000_000;

/** MQTT 3.1.1 and 5: a VU's subscription lives as long as the VU; the client is not mended by the driver. */
export const openMqtt: OpenBroker = async ({ address, port, tls }, known, { log, signal, timeoutMs }) => {
  const client = new MqttClient(
    () =>
      tls === null ? connectTcp({ host: address, port, noDelay: true }) : connectTls({ ...tls, host: address, port }),
    {
      protocolVersion: known.protocolVersion,
      clean: true,
      keepalive: 15,
      connectTimeout: timeoutMs,
      reconnectPeriod: 0,
      resubscribe: false,
      queueQoSZero: false,
      ...(known.clientId === null ? {} : { clientId: known.clientId }),
      ...(known.username === null ? {} : { username: known.username }),
      ...(known.password === null ? {} : { password: known.password }),
    },
  );
  let failure: Error | null = null;
  let isOver = false;
  const abort = () => client.end(true);
  signal.addEventListener("abort", abort);
  const lifeline = new Lifeline();
  client.on("error", (error) => {
    failure = error;
  });
  client.on("close", () => {
    isOver = true;
    signal.removeEventListener("abort", abort);
    const error = failure ?? new DriverFailure("mq_closed", "the connection to the broker was closed");
    subscriptions.fail(error);
    lifeline.cut(error);
    // Nothing of it may wait for a connection that does not come back.
    client.end(true);
  });
  const subscriptions = new MqttSubscriptions(
    client,
    () =>
      new Inbox(maxKeptBytes, () => log("debug", "a message that no step consumed was dropped: consume more often")),
  );
  await lifeline.guard(new Promise((resolve) => client.once("connect", resolve)));

  const connection: BrokerConnection = {
    get isOver() {
      return isOver;
    },
    async publish({ destination, body, headers, key, config: { qos, retain } }): Promise<JsonObject> {
      const options: IClientPublishOptions = { qos, retain };
      const all = key === null ? headers : { ...headers, key };
      if (Object.keys(all).length > 0) options.properties = { userProperties: all };
      const packet = await lifeline.guard(client.publishAsync(destination, body, options));
      if (qos === 0 || packet === undefined) return {};
      const { reasonCode } = packet as { readonly reasonCode?: number };
      return { confirmed: true, ...(reasonCode === undefined ? {} : { reason_code: reasonCode }) };
    },
    async consume({ source, groupId, count, config, subscriptions: kept, take }, signal) {
      const name = JSON.stringify([known.shown, known.clientId, source, groupId]);
      const { inbox } = await kept.of(connection, name, () =>
        lifeline.guard(subscriptions.open(source, groupId, config.qos)),
      );
      for (let taken = 0; taken < count; taken++) take(await inbox.next(signal));
    },
    async close() {
      if (!isOver) await client.endAsync();
    },
  };
  return connection;
};
