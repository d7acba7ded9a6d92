import type { Clock, Permit } from "../protocol/ports.ts";
import type { AnswerLimits } from "./answer-reader.ts";
import type { Resolver } from "./dns.ts";
import type { Origin } from "./exchange.ts";
import type { HeadMemory } from "./head-memory.ts";
import type { SocketCount } from "./open-socket.ts";
import type { Trusts } from "./tls.ts";

/** What all connections of a thread share. */
export interface Wire {
  readonly clock: Clock;
  readonly permit: Permit;
  readonly resolver: Resolver;
  readonly trusts: Trusts;
  readonly limits: AnswerLimits;
  /** Its buffer is what every socket reads into; nothing there lasts longer than one callback. */
  readonly heads: HeadMemory;
  readonly sockets: SocketCount;
  /** Where to dial for an origin: itself unless `hosts` says otherwise. */
  redirectDial(origin: Origin): { readonly host: string; readonly port: number };
}
