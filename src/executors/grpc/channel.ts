import { type ChannelOptions, Client, connectivityState, credentials } from "@grpc/grpc-js";
import { isIP, isIPv6 } from "node:net";
import { DriverFailure } from "../../driver/call-driver.ts";
import { findAllowedAddresses } from "../../driver/allowed-addresses.ts";
import type { Resolver } from "../../http/dns.ts";
import type { DialTarget } from "../../http/host-map.ts";
import type { Origin } from "../../http/exchange.ts";
import { loadTls, type Trusts } from "../../http/tls.ts";
import { codes } from "../../http/codes.ts";
import type { Permit } from "../../protocol/ports.ts";
import type { GrpcAddress } from "./address.ts";
import type { GrpcConfig } from "./grpc-config.ts";

/** What opening a channel needs of its thread. */
export interface ChannelPorts {
  readonly permit: Permit;
  readonly resolver: Resolver;
  readonly trusts: Trusts;
  readonly hosts: (origin: Origin) => DialTarget;
}

/** One connection to a server. */
export interface Channel {
  readonly client: Client;
  /** Can a call be sent over it now? One that cannot is not used again: its driver would wait before it dials anew. */
  readonly isReady: boolean;
  /** Calls in flight end first. Idempotent. */
  close(): void;
}

/** What of a config makes a channel another one. */
export type ChannelSettings = Pick<
  GrpcConfig,
  "tls" | "serverName" | "compression" | "authority" | "userAgent" | "maxBytes"
>;

const compressions = { identity: 0, deflate: 1, gzip: 2 } as const;

/**
 * Dials a server, each address in turn, until it is connected or refused; a call over a refused one says why. Rejects
 * with a DriverFailure when no address may be dialled, and when it takes too long.
 */
export async function openChannel(
  address: GrpcAddress,
  settings: ChannelSettings,
  ports: ChannelPorts,
  until: Date,
): Promise<Channel> {
  const { host, port, secure, shown } = address;
  const target = ports.hosts({ secure, host: host.toLowerCase(), port, key: "" });
  const addresses = await findAllowedAddresses(target.host, ports.resolver, ports.permit);
  // The driver takes one family at a time: the one that comes first.
  const sixes = isIPv6(addresses[0] ?? "");
  const usable = addresses.filter((found) => isIPv6(found) === sixes);
  const dialled = usable.map((found) => (sixes ? `[${found}]:${target.port}` : `${found}:${target.port}`)).join(",");
  const client = new Client(
    `${sixes ? "ipv6" : "ipv4"}:${dialled}`,
    secure ? createCredentials() : credentials.createInsecure(),
    listOptions(shown, settings),
  );
  const channel = client.getChannel();
  try {
    await waitForConnection();
  } catch (error) {
    client.close();
    throw error;
  }
  return {
    client,
    get isReady() {
      return channel.getConnectivityState(false) === connectivityState.READY;
    },
    close: () => client.close(),
  };

  function createCredentials() {
    const { verify, context } = ports.trusts.of(settings.tls);
    const name = settings.serverName ?? host;
    const tls = loadTls();
    return credentials.createFromSecureContext(context, {
      rejectUnauthorized: verify,
      checkServerIdentity: (_name, certificate) => (verify ? tls.checkServerIdentity(name, certificate) : undefined),
    });
  }

  function waitForConnection(): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const state = channel.getConnectivityState(true);
        if (state === connectivityState.READY || state === connectivityState.TRANSIENT_FAILURE) return resolve();
        if (state === connectivityState.SHUTDOWN) return reject(new DriverFailure(String(codes.other), "given up"));
        channel.watchConnectivityState(state, until, (error) => {
          if (error === undefined || error === null) look();
          else reject(new DriverFailure(String(codes.dialTimeout), `connection to ${shown} timed out`));
        });
      };
      look();
    });
  }

  function listOptions(
    authority: string,
    { serverName, compression, maxBytes, userAgent }: ChannelSettings,
  ): ChannelOptions {
    const name = serverName ?? host;
    return {
      "grpc.default_authority": settings.authority ?? authority,
      ...(secure && isIP(name) === 0 ? { "grpc.ssl_target_name_override": name } : {}),
      ...(userAgent === null ? {} : { "grpc.primary_user_agent": userAgent }),
      "grpc.default_compression_algorithm": compressions[compression],
      "grpc.max_receive_message_length": maxBytes,
      "grpc.max_send_message_length": -1,
      // A call is sent once, over a connection of this channel's own, to the address that was checked.
      "grpc.enable_retries": 0,
      "grpc.use_local_subchannel_pool": 1,
      "grpc.enable_http_proxy": 0,
      "grpc.service_config_disable_resolution": 1,
      "grpc.enable_channelz": 0,
    };
  }
}
