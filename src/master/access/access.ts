import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { createAddressList, readNetwork64 } from "../../address.ts";
import { listHops } from "../../came-by.ts";
import { EngineError } from "../../errors.ts";
import type { Clock } from "../../protocol/ports.ts";
import { createListenerRule, isKnownPage } from "./listener-rule.ts";
import { type Authority, type ClientAuth, readCertificate } from "./certificate.ts";
import { describeNoKey, readKey, refuseKeyInUrl } from "./credentials.ts";
import { allows, anonymous, type Identity, type KeyRole } from "./identity.ts";
import { type ApiKey, createKeyRing } from "./key-ring.ts";
import { createRateLimit } from "./rate-limit.ts";
import { createTickets } from "./tickets.ts";

export interface AccessOptions {
  /** The host that the listener is bound to. */
  readonly host: string;
  /** Names by which this master may be asked, besides addresses and localhost. */
  readonly hosts: readonly string[];
  /** Origins of pages that may, besides its own and those of localhost; null: its own alone. */
  readonly origins: readonly string[] | null;
  /** null: no authentication, everybody who is answered may do everything. */
  readonly keys: readonly ApiKey[] | null;
  /** Ranges of addresses; an empty `allow` allows all that are not denied. */
  readonly addresses: { readonly allow: readonly string[]; readonly deny: readonly string[] };
  readonly clientAuth: ClientAuth;
  readonly authority: Authority;
  /** Requests of one address a second; so many more may come at once. An IPv6 /64 has those of eight addresses. */
  readonly requestsPerSecond: number;
  readonly clock: Clock;
  /** Makes a text that nobody can guess. */
  createToken(): string;
}

/** What a request wants. */
export interface Wish {
  readonly role: KeyRole | "anyone";
  /** A ticket may stand for a key. */
  readonly webSocket: boolean;
}

/** Decides who is answered. */
export interface Access {
  /**
   * May this peer, and this page, be answered at all, where it wants what takes this role? Throws EngineError `rate_limited`, `invalid_request`,
   * `forbidden`, `auth_required`.
   */
  screen(request: IncomingMessage, role: Wish["role"]): void;
  /** Was it sent by a page of an origin that may read what it is answered? */
  isKnownPage(request: IncomingMessage): boolean;
  /** Who sent it, by key, ticket or certificate. Throws EngineError `unauthorized`, `invalid_request`. */
  recognize(request: IncomingMessage, wish: Wish): Identity;
  /** Throws EngineError `forbidden` where somebody's role is not enough. */
  permit(identity: Identity, needed: Wish["role"]): void;
  /** A ticket for a WebSocket of the same identity. */
  issueTicket(identity: Identity): string;
  /** From now on only these keys and addresses. Throws EngineError `invalid_config`; nothing has changed then. */
  renew(settings: Pick<AccessOptions, "keys" | "addresses">): void;
  /** Would somebody who was admitted earlier, on this connection, still be? */
  holds(identity: Identity, socket: Duplex): boolean;
}

/** One host may have all addresses of an IPv6 /64; it may also be a network of some hosts. */
const hostsOfNetwork = 8;
const mostHeaders = 100;
const mostParameters = 50;
const longestUrl = 8_192;

/** The rules of CONTRACT 6, cheapest first. Throws EngineError `invalid_config` for keys that cannot be. */
export function createAccess(options: AccessOptions): Access {
  const { keys, clock, clientAuth, authority, requestsPerSecond } = options;
  const ring = keys === null ? null : createKeyRing(keys, () => clock.wall());
  const tickets = createTickets(clock, () => options.createToken());
  const rate = createRateLimit({ perSecond: requestsPerSecond, burst: 2 * requestsPerSecond, clock });
  const perNetwork = hostsOfNetwork * requestsPerSecond;
  const networkRate = createRateLimit({ perSecond: perNetwork, burst: 2 * perNetwork, clock });
  const rule = createListenerRule({ ...options, authenticated: ring !== null });
  let mayCome = compileAddresses(options.addresses);

  const recognize = (request: IncomingMessage, { role, webSocket }: Wish): Identity => {
    const certificate = readCertificate(request.socket, clientAuth, authority);
    if (role === "anyone") return anonymous;
    if (ring === null) return certificate === null ? anonymous : { ...anonymous, name: certificate };
    const key = readKey(request);
    const ticket = webSocket ? readQuery(request).get("ticket") : null;
    if (key !== null) return ring.find(key);
    if (ticket !== null) {
      const identity = tickets.redeem(ticket);
      if (!ring.holds(identity)) throw new EngineError("unauthorized", "the key that this ticket stood for is gone");
      return identity;
    }
    if (certificate !== null && role === "slave") return { name: certificate, role: "slave", fingerprint: null };
    throw describeNoKey();
  };

  return {
    screen(request, role) {
      const peer = request.socket.remoteAddress ?? "";
      if (!rate.take(peer)) {
        throw new EngineError("rate_limited", `more than ${requestsPerSecond} requests a second came from \`${peer}\``);
      }
      const network = readNetwork64(peer);
      if (network !== null && !networkRate.take(network)) {
        throw new EngineError("rate_limited", `more than ${perNetwork} requests a second came from \`${network}\``);
      }
      const query = readQuery(request);
      checkAddresses(request, mayCome);
      const refusal = rule(request, role);
      if (refusal !== null) throw refusal;
      refuseKeyInUrl(query);
    },
    isKnownPage: (request) => isKnownPage(request, options.origins),
    recognize,
    permit({ name, role }, needed) {
      if (ring === null || allows(role, needed)) return;
      throw new EngineError("forbidden", `\`${name}\` has the role ${role}; this takes the role ${needed}`);
    },
    issueTicket: (identity) => tickets.issue(identity),
    renew(next) {
      if ((ring === null) !== (next.keys === null)) {
        throw new EngineError("invalid_config", "auth is switched on and off by a new start alone");
      }
      if (next.keys !== null) ring?.replace(next.keys);
      mayCome = compileAddresses(next.addresses);
    },
    holds: (identity, socket) =>
      (ring === null || ring.holds(identity)) && (clientAuth === "none" || authority.vouchesFor(socket)),
  };
}

/** Throws EngineError `invalid_request` for floods of headers and parameters, and for an address that is too long. */
function readQuery({ url = "", rawHeaders }: IncomingMessage): URLSearchParams {
  const headers = rawHeaders.length / 2;
  if (headers > mostHeaders) {
    throw new EngineError("invalid_request", `the request has ${headers} headers; it takes ${mostHeaders} at most`);
  }
  if (url.length > longestUrl) {
    throw new EngineError("invalid_request", `the URL has ${url.length} characters; it takes ${longestUrl} at most`);
  }
  const start = url.indexOf("?");
  const query = new URLSearchParams(start < 0 ? "" : url.slice(start + 1));
  if (query.size <= mostParameters) return query;
  throw new EngineError(
    "invalid_request",
    `the query has ${query.size} parameters; it takes ${mostParameters} at most`,
  );
}

function compileAddresses({ allow, deny }: AccessOptions["addresses"]): (address: string) => boolean {
  const allowed = allow.length === 0 ? null : createAddressList(allow);
  const denied = createAddressList(deny);
  return (address) => !denied.has(address) && (allowed === null || allowed.has(address));
}

/** Every address on the way must be allowed, so that nobody gains by making hops up. Throws EngineError `forbidden`. */
function checkAddresses(request: IncomingMessage, mayCome: (address: string) => boolean): void {
  for (const hop of [request.socket.remoteAddress ?? "", ...listHops(request)]) {
    if (mayCome(hop)) continue;
    throw new EngineError(
      "forbidden",
      `this master does not answer \`${hop.slice(0, 100)}\`: \`access\` of its configuration`,
    );
  }
}
