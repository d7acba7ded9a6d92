import type { Permit } from "../protocol/ports.ts";
import { codeOfDial, codeOfHandshake, codes, describeDial, describeHandshake } from "./codes.ts";
import type { Resolution } from "./dns.ts";
import { nameOrigin, type Origin, type Proxy } from "./exchange.ts";
import type { SocketTls } from "./open-socket.ts";
import { type SourceAddress, sourceFor } from "./source-address.ts";
import type { Trust } from "./tls.ts";
import type { Wire } from "./wire.ts";

/** Offered by ALPN where only HTTP/1.1 is spoken. */
export const only11: readonly string[] = ["http/1.1"];

/** What a socket is doing before it can be used. */
export type Stage = "connecting" | "securing the proxy" | "tunnelling" | "securing";

interface Described {
  readonly code: number;
  readonly message: string;
}

/** How a connection gets to its origin. */
export class Route {
  readonly origin: Origin;
  /** null: straight. */
  readonly proxy: Proxy | null;
  readonly host: string;
  readonly port: number;
  private readonly trust: Trust | null;
  private readonly protocols: readonly string[];

  /** `protocols` are offered to the origin by ALPN. */
  constructor(
    redirectDial: Wire["redirectDial"],
    origin: Origin,
    proxy: Proxy | null,
    trust: Trust | null,
    protocols: readonly string[],
  ) {
    this.origin = origin;
    this.proxy = proxy;
    this.trust = trust;
    this.protocols = protocols;
    const { host, port } = proxy ?? redirectDial(origin);
    this.host = host;
    this.port = port;
  }

  /** Is the proxy to be asked for a connection? A plain request of HTTP/1.1 is given to it as it is. */
  get tunnels(): boolean {
    return this.proxy !== null && (this.origin.secure || this.protocols !== only11);
  }

  /** With whom the first socket speaks TLS: the origin or the proxy; null: it is plain. */
  firstTls(): SocketTls | null {
    const { trust, proxy } = this;
    if (proxy === null) return this.originTls();
    if (trust === null || !proxy.secure) return null;
    return { trust, name: proxy.host, key: `proxy ${proxy.host}:${proxy.port}`, protocols: only11 };
  }

  originTls(): SocketTls | null {
    const { trust, origin, protocols } = this;
    if (trust === null || !origin.secure) return null;
    return { trust, name: trust.serverName ?? origin.host, key: origin.key, protocols };
  }

  /** What is dialled, for people. `address`: one of it; empty: none yet. */
  name(address: string): string {
    const host = this.proxy?.host ?? this.origin.host;
    const shown = address.includes(":") ? `[${address}]` : address;
    const name = host === address ? `${shown}:${this.port}` : `${host} (${shown}:${this.port})`;
    return this.proxy === null ? name : `proxy ${name}`;
  }

  /** Why the names of the way are refused; null: they are not. */
  refusal({ refuses }: Permit): string | null {
    const { origin, proxy, host } = this;
    const refusal = refuses(origin.host, "") ?? refuses(host, "");
    if (refusal === null) return null;
    const refused = proxy === null ? host : `${origin.host} through the proxy ${host}`;
    return `${refused} may not be dialled: ${refusal}`;
  }

  /** Why an origin that a proxy looks up may not be reached, by what it is when looked up here. */
  refusalBehindProxy(permit: Permit, found: Resolution): Described | null {
    const { host } = this.origin;
    for (const address of found.addresses) {
      const refusal = permit.refuses(host, address);
      if (refusal === null) continue;
      const refused = host === address ? host : `${host} (${address})`;
      return { code: codes.blockedAddress, message: `${refused} may not be dialled: ${refusal}` };
    }
    if (found.code === 0) return null;
    const why = "slave.targets holds for it, so it is looked up here although a proxy leads to it";
    return { code: found.code, message: `${found.message}; ${why}` };
  }

  /** What the failure of a socket means; `source`: where it was to come from. */
  describeFailure(
    stage: Stage,
    address: string,
    error: NodeJS.ErrnoException,
    source: SourceAddress | null,
  ): Described {
    const name = this.name(address);
    switch (stage) {
      case "connecting":
        return { code: codeOfDial(error), message: describeDial(error, name, sourceFor(source, address) ?? undefined) };
      case "tunnelling":
        return { code: codes.proxy, message: `${name} broke the connection: ${error.code ?? error.message}` };
      default: {
        const message = `TLS handshake with ${this.peer(stage, address)} failed: ${describeHandshake(error)}`;
        return { code: codeOfHandshake(error), message };
      }
    }
  }

  describeTimeout(stage: Stage, address: string): Described {
    const name = this.name(address);
    if (stage === "connecting") return { code: codes.dialTimeout, message: `connection to ${name} timed out` };
    if (stage === "tunnelling") return { code: codes.proxy, message: `${name} did not answer CONNECT in time` };
    return { code: codes.dialTimeout, message: `TLS handshake with ${this.peer(stage, address)} timed out` };
  }

  /** Who shakes hands. */
  private peer(stage: Stage, address: string): string {
    const name = this.name(address);
    return this.proxy === null || stage === "securing the proxy" ? name : `${nameOrigin(this.origin)} through ${name}`;
  }
}
