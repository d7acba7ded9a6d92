import { connect, type ConnectionOptions, type MsgHdrs, type NatsConnection } from "@nats-io/transport-node";
import type { BrokerAddress } from "../broker-address.ts";
import type { BrokerPorts, Endpoint } from "../broker.ts";

/** A connection that is not mended by the driver: who needs it dials anew. */
export async function connectNats(
  { address, port, tls }: Endpoint,
  { username, password, token, clientId }: BrokerAddress,
  { timeoutMs }: Pick<BrokerPorts, "timeoutMs">,
): Promise<NatsConnection> {
  const options: ConnectionOptions = {
    servers: address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`,
    name: clientId ?? "workflow-engine",
    reconnect: false,
    ignoreClusterUpdates: true,
    timeout: timeoutMs,
    pingInterval: 10_000,
    maxPingOut: 2,
    noAsyncTraces: true,
    tls: tls as ConnectionOptions["tls"],
  };
  if (username !== null) options.user = username;
  if (password !== null) options.pass = password;
  if (token !== null) options.token = token;
  return connect(options);
}

/** Headers as NATS has them; null: none. */
export function writeHeaders(headers: Readonly<Record<string, string>>, create: () => MsgHdrs): MsgHdrs | null {
  const entries = Object.entries(headers);
  if (entries.length === 0) return null;
  const written = create();
  for (const [name, value] of entries) written.set(name, value);
  return written;
}

/** The headers by name; several values of one name stand in one text, separated by commas. */
export function readHeaders(headers: MsgHdrs | undefined): Record<string, string> {
  const read: Record<string, string> = {};
  for (const [name, values] of headers ?? []) read[name] = values.join(", ");
  return read;
}
