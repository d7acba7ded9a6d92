import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { EngineError } from "../../errors.ts";
import { bareAddress, isLoopback, isPrivateAddress } from "../../address.ts";

export interface ListenerOptions {
  /** The host that the listener is bound to. */
  readonly host: string;
  /** Names under which pages may reach this master, besides addresses and `localhost`. */
  readonly hosts: readonly string[];
  /** Origins of pages that may, besides those of localhost and of this master itself; null: only its own may. */
  readonly origins: readonly string[] | null;
  /** With keys it does not matter where a peer is, nor by which name a page found the way. */
  readonly authenticated: boolean;
}

/** Says whether a request is answered: null, or the error it gets (`auth_required`, `forbidden`). */
export type ListenerRule = (request: Pick<IncomingMessage, "headers" | "socket">) => EngineError | null;

/**
 * Pages only from allowed origins. Without authentication also: where the listener is not bound to loopback, only peers
 * whose address, and every hop before them, is loopback, private or link-local; pages only under a name that nobody else
 * can point here (CONTRACT 6).
 */
export function createListenerRule({ host, hosts, origins, authenticated }: ListenerOptions): ListenerRule {
  const open = !authenticated && !isLoopback(host);
  return ({ headers, socket }) => {
    const stranger = open ? findStranger(socket.remoteAddress ?? "", headers["x-forwarded-for"]) : null;
    if (stranger !== null) {
      return new EngineError(
        "auth_required",
        `this master has no authentication and answers only loopback, private and link-local addresses; \`${stranger}\` is none`,
        { hint: "Come from such an address, or give the master keys (`auth`)." },
      );
    }
    const { origin } = headers;
    const site = headers["sec-fetch-site"];
    // A page that a browser loads from here itself sends no origin, but says that it is a page.
    if (origin === undefined && (site === undefined || site === "none")) return null;
    const own = headers.host ?? "";
    if (!authenticated && !isKnownHost(own, hosts)) {
      return new EngineError("forbidden", `a page may not speak to this master as \`${own}\``, {
        hint: "Use the master's address or localhost.",
      });
    }
    if (origin === undefined || isKnownOrigin(origin, own, origins)) return null;
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

/** The first address on the way that is not private; null: none. */
function findStranger(peer: string, forwarded: string | readonly string[] | undefined): string | null {
  const hops = [forwarded ?? []].flat().flatMap((text) => text.split(","));
  for (const hop of [peer, ...hops.map((text) => text.trim())]) {
    if (hop !== "" && !isPrivateAddress(hop)) return hop.slice(0, 100);
  }
  return peer === "" ? "an unknown address" : null;
}

function isKnownHost(host: string, hosts: readonly string[]): boolean {
  const name = bareAddress(host).toLowerCase();
  return isIP(name) !== 0 || name === "localhost" || hosts.some((known) => known.toLowerCase() === name);
}

function isKnownOrigin(origin: string, host: string, origins: readonly string[] | null): boolean {
  if (origins?.includes(origin)) return true;
  const match = /^https?:\/\/([^/]+)$/i.exec(origin)?.[1];
  if (match === undefined) return false;
  if (match.toLowerCase() === host.toLowerCase()) return true;
  return origins !== null && isLoopback(bareAddress(match).toLowerCase());
}
