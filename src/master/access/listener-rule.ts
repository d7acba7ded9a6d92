import { bareAddress, isLoopback } from "../../address.ts";
import { type Arrival, findStranger, isKnownHost } from "../../came-by.ts";
import { EngineError } from "../../errors.ts";
import type { KeyRole } from "./identity.ts";

export interface ListenerOptions {
  /** The host that the listener is bound to. */
  readonly host: string;
  /** Names under which this master may be asked, besides addresses and `localhost`. */
  readonly hosts: readonly string[];
  /** Origins of pages that may, besides those of localhost and of this master itself; null: only its own may. */
  readonly origins: readonly string[] | null;
  /** With keys it does not matter where a peer is, nor by which name it found the way. */
  readonly authenticated: boolean;
}

/** Says whether a request that takes this role is answered: null, or the error it gets (`auth_required`, `forbidden`). */
export type ListenerRule = (request: Arrival, role: KeyRole | "anyone") => EngineError | null;

/**
 * Pages only from allowed origins. Without authentication also: where the listener is not bound to loopback, only peers
 * whose address, and every hop before them, is loopback, private or link-local; and only under a name that nobody else
 * can point here (CONTRACT 6). Nothing but the name tells a page that was served under such a name from a program: to
 * its browser this master is its own origin. Slaves come by any name: a browser never opens a WebSocket without an
 * `Origin`, and files are given to who holds a link's ticket.
 */
export function createListenerRule({ host, hosts, origins, authenticated }: ListenerOptions): ListenerRule {
  const open = !authenticated && !isLoopback(host);
  return (request, role) => {
    const stranger = open ? findStranger(request) : null;
    if (stranger !== null) {
      return new EngineError(
        "auth_required",
        `this master has no authentication and answers only loopback, private and link-local addresses; \`${stranger}\` is none`,
        { hint: "Come from such an address, or give the master keys (`auth`)." },
      );
    }
    const { origin, host: own = "" } = request.headers;
    const byAnyName = authenticated || (role === "slave" && origin === undefined);
    if (!byAnyName && !isKnownHost(own, hosts)) {
      return new EngineError(
        "forbidden",
        `this master has no authentication and does not answer to the name \`${bareAddress(own).slice(0, 100)}\`: a page could have pointed it here`,
        { hint: "Use its address or localhost, name this host in `server.hosts`, or give the master keys (`auth`)." },
      );
    }
    if (origin === undefined || isKnownPage(request, origins)) return null;
    return new EngineError("forbidden", `pages of \`${origin}\` may not speak to this master`, {
      hint:
        origins === null
          ? "Only those of this master itself may: `server.enable_cors` is false."
          : "Pages of localhost, of `server.cors_origins` and of this master itself may.",
    });
  };
}

/** What an operator is told of a listener without authentication; null: it is bound to loopback. */
export function describeOpenListener(host: string): string | null {
  if (isLoopback(host)) return null;
  return `listening on ${host} without authentication: everybody on loopback, private and link-local addresses can run load from here; bind to 127.0.0.1 if that is not meant`;
}

/** Was it sent by a page that may read what it is answered? `origins`: as of ListenerOptions. */
export function isKnownPage({ headers }: Arrival, origins: readonly string[] | null): boolean {
  const { origin, host = "" } = headers;
  if (origin === undefined) return false;
  if (origins?.includes(origin)) return true;
  const match = /^https?:\/\/([^/]+)$/i.exec(origin)?.[1];
  if (match === undefined) return false;
  if (match.toLowerCase() === host.toLowerCase()) return true;
  return origins !== null && isLoopback(bareAddress(match).toLowerCase());
}
