import { resolve } from "node:path";
import { createSocket, type Socket as DatagramSocket } from "node:dgram";
import { isIPv6 } from "node:net";
import { findAllowedAddresses } from "../../driver/allowed-addresses.ts";
import { type DriverCall, DriverFailure } from "../../driver/call-driver.ts";
import { connectStream } from "../../driver/connect-stream.ts";
import { codes } from "../../http/codes.ts";
import type { Resolver } from "../../http/dns.ts";
import type { Trusts } from "../../http/tls.ts";
import type { Clock, Permit } from "../../protocol/ports.ts";
import type { ByteCount, Channel } from "./channel.ts";
import { createDatagramChannel } from "./datagram-channel.ts";
import type { SocketConfig } from "./socket-config.ts";
import { createStreamChannel } from "./stream-channel.ts";

/** What opening a socket needs of its thread. */
export interface ChannelPorts {
  readonly clock: Clock;
  readonly permit: Permit;
  readonly resolver: Resolver;
  readonly trusts: Trusts;
  onDropped(): void;
}

/** Connects a socket of the step's protocol. Rejects with a DriverFailure. */
export async function openChannel(
  { protocol, connectTimeoutMs, maxBytes, tls }: SocketConfig,
  { host, port }: { readonly host: string; readonly port: number },
  ports: ChannelPorts,
  call: DriverCall,
  count: ByteCount,
): Promise<Channel> {
  const { clock, permit, resolver, trusts } = ports;
  const within = { clock, until: Math.min(call.until, clock.now() + connectTimeoutMs), signal: call.signal };
  if (protocol === "unix") {
    const path = resolve(host);
    const refusal = permit.refuses(path, "");
    if (refusal !== null) throw new DriverFailure(String(codes.blockedHost), `${path} may not be dialled: ${refusal}`);
    return createStreamChannel(await connectStream({ path }, null, within), maxBytes, count);
  }
  const addresses = await findAllowedAddresses(host, resolver, permit);
  if (protocol === "udp") {
    const socket = await connectDatagrams(addresses[0] ?? "", port);
    return createDatagramChannel(socket, maxBytes, count, ports.onDropped);
  }
  const trust = protocol === "tls" ? trusts.of(tls) : null;
  return createStreamChannel(await connectStream({ host, addresses, port }, trust, within), maxBytes, count);
}

/** Only datagrams of this peer are received. */
function connectDatagrams(address: string, port: number): Promise<DatagramSocket> {
  const socket = createSocket(isIPv6(address) ? "udp6" : "udp4");
  return new Promise((connected, reject) => {
    socket.once("error", (error: NodeJS.ErrnoException) => {
      socket.close();
      reject(new DriverFailure(String(codes.dial), `connection to ${address}:${port} failed: ${error.code}`));
    });
    socket.connect(port, address, () => {
      socket.removeAllListeners("error");
      connected(socket);
    });
  });
}
