import { isIP } from "node:net";
import type { Origin } from "./exchange.ts";

/** Where a connection really goes. */
export interface DialTarget {
  /** A name or an address, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

interface NamedTarget {
  readonly host: string;
  /** null: the origin's. */
  readonly port: number | null;
}

/**
 * Compiles `hosts`: name, or `name:port` (which wins), or `*.name` for all below it (the longest wins), to an address or name, with or without a port of its own.
 * An origin that is not in it is its own target.
 */
export function createHostMap(hosts: Readonly<Record<string, string>>): (origin: Origin) => DialTarget {
  const targets = new Map<string, NamedTarget>();
  const below: [suffix: string, target: NamedTarget][] = [];
  for (const [name, address] of Object.entries(hosts)) {
    if (name.startsWith("*.")) below.push([name.slice(1).toLowerCase(), parseTarget(address)]);
    else targets.set(name.toLowerCase(), parseTarget(address));
  }
  below.sort(([one], [other]) => other.length - one.length);
  const findBelow = (host: string) => below.find(([suffix]) => host.endsWith(suffix))?.[1];
  return (origin) => {
    if (targets.size === 0 && below.length === 0) return origin;
    const target = targets.get(`${origin.host}:${origin.port}`) ?? targets.get(origin.host) ?? findBelow(origin.host);
    return target === undefined ? origin : { host: target.host, port: target.port ?? origin.port };
  };
}

function parseTarget(address: string): NamedTarget {
  if (isIP(address) !== 0) return { host: address, port: null };
  const colon = address.lastIndexOf(":");
  const port = colon < 0 ? Number.NaN : Number(address.slice(colon + 1));
  const named = Number.isInteger(port) && port > 0 && port < 65_536;
  const host = named ? address.slice(0, colon) : address;
  return { host: host.replace(/^\[(.*)\]$/, "$1"), port: named ? port : null };
}
