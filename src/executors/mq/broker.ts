import type { ConnectionOptions } from "node:tls";
import type { DriverCall } from "../../driver/call-driver.ts";
import type { JsonObject } from "../../protocol/json.ts";
import type { Clock, Log } from "../../protocol/ports.ts";
import type { BrokerAddress } from "./broker-address.ts";
import type { MqConfig } from "./mq-config.ts";
import type { VuSubscriptions } from "./vu-subscriptions.ts";

/** A message that came. */
export interface BrokerMessage {
  readonly body: Buffer;
  readonly key: string | null;
  readonly headers: Readonly<Record<string, string>>;
  /** What else the protocol says of it: `partition`, `offset`, `redelivered`, … */
  readonly about: JsonObject;
}

/** A message that goes. */
export interface Publication {
  readonly destination: string;
  readonly exchange: string | null;
  readonly stream: string | null;
  readonly key: string | null;
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
  readonly config: MqConfig;
}

/** Messages that a step wants. */
export interface Want {
  readonly source: string;
  readonly exchange: string | null;
  readonly stream: string | null;
  readonly key: string | null;
  readonly groupId: string | null;
  readonly count: number;
  readonly config: MqConfig;
  readonly subscriptions: VuSubscriptions;
  /** Hands one over; never called more than `count` times, nor after the signal. What is handed over is acknowledged. */
  take(message: BrokerMessage): void;
}

/**
 * A connection of this thread to one broker, shared by its VUs. Calls reject with what the driver says, and with
 * anything when the connection breaks; they end soon after their signal, and free what they hold then.
 */
export interface BrokerConnection {
  /** It broke: dial anew. */
  readonly isOver: boolean;
  /** Resolves with what the broker confirmed. */
  publish(publication: Publication, call: Pick<DriverCall, "signal">): Promise<JsonObject>;
  /** Resolves when `want.count` messages were taken, for 0 when the broker keeps or sends what comes from now on. */
  consume(want: Want, signal: AbortSignal): Promise<void>;
  /** Idempotent; the pool gives it a moment, then the signal it was opened with is aborted. */
  close(): Promise<void>;
}

/** What opening a connection needs. */
export interface BrokerPorts {
  readonly clock: Clock;
  readonly log: Log;
  /** For the name of something that lives as long as the execution, such as a consumer of a group. */
  readonly uniqueName: string;
  /** Aborted when the connection must go, opened or not. */
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  /** For drivers that dial by themselves: an address of the host. Rejects with a DriverFailure for what may not be dialled. */
  check(host: string): Promise<string>;
  /** The same for an address: null, or the DriverFailure. */
  refuses(address: string): Error | null;
}

/** Where to dial: an address that was checked. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
  /** null: no TLS. Names the host that the certificate must be of. */
  readonly tls: ConnectionOptions | null;
}

/** Opens a connection. Rejects with what the driver says. */
export type OpenBroker = (endpoint: Endpoint, address: BrokerAddress, ports: BrokerPorts) => Promise<BrokerConnection>;
