import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { bareAddress, isPrivateAddress } from "./address.ts";

/** A request, as far as it says where it came from. */
export type Arrival = Pick<IncomingMessage, "headers" | "socket">;

/**
 * What proxies, or whoever sent it, say of the way before the peer: the addresses of `X-Forwarded-For`, of `Forwarded`
 * (RFC 7239, each `for`) and of `X-Real-IP`, as they are written.
 */
export function listHops({ headers }: Pick<Arrival, "headers">): readonly string[] {
  const read = (name: string): string => [headers[name] ?? []].flat().join(",");
  // What pretends to be a `for` inside of a quoted text is one more that has to be allowed: nobody gains by it.
  const forwarded = Array.from(
    read("forwarded").matchAll(/(?:^|[;,])[ \t]*for[ \t]*=[ \t]*"?([^";,]*)/gi),
    ([, node = ""]) => node,
  );
  return [...read("x-forwarded-for").split(","), ...forwarded, ...read("x-real-ip").split(",")]
    .map((hop) => hop.trim())
    .filter((hop) => hop !== "");
}

/** The first address on the way that is not loopback, private or link-local; null: none. */
export function findStranger(arrival: Arrival): string | null {
  const peer = arrival.socket.remoteAddress ?? "";
  if (peer === "") return "an unknown address";
  const stranger = [peer, ...listHops(arrival)].find((address) => !isPrivateAddress(address));
  return stranger?.slice(0, 100) ?? null;
}

/**
 * Is what a request names as its `Host` an address, `localhost` or one of these names? Any other name may be one that a
 * page's owner points here, so that the page passes for one of ours (DNS rebinding).
 */
export function isKnownHost(host: string, names: readonly string[]): boolean {
  const name = bareAddress(host).toLowerCase();
  return isIP(name) !== 0 || name === "localhost" || names.some((known) => known.toLowerCase() === name);
}
