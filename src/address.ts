import { BlockList, isIP } from "node:net";

/** A set of addresses, made of ranges. */
export interface AddressList {
  /** Is this address in one of the ranges? What is no address is in none. Zones and mapped IPv4 addresses are understood. */
  has(address: string): boolean;
}

/** A range such as `10.0.0.0/8`, `fd00::/8` or one address, read; null: it is none. */
export function parseRange(text: string): { readonly network: string; readonly prefix: number } | null {
  const [, written = "", bits] = /^([^/]+?)(?:\/(\d{1,3}))?$/.exec(text.trim()) ?? [];
  const address = bareAddress(written);
  const family = isIP(address);
  const longest = family === 4 ? 32 : 128;
  const prefix = bits === undefined ? longest : Number(bits);
  if (family === 0 || prefix > longest) return null;
  const mapped = family === 6 && prefix >= 96 ? readMapped(address) : null;
  return mapped === null ? { network: address, prefix } : { network: mapped, prefix: prefix - 96 };
}

/** A list of these ranges; those that `parseRange` does not read are left out. */
export function createAddressList(ranges: readonly string[]): AddressList {
  const list = new BlockList();
  for (const range of ranges) {
    const parsed = parseRange(range);
    if (parsed === null) continue;
    list.addSubnet(parsed.network, parsed.prefix, isIP(parsed.network) === 4 ? "ipv4" : "ipv6");
  }
  return {
    has(text) {
      const written = bareAddress(text);
      const address = readMapped(written) ?? written;
      const family = isIP(address);
      return family !== 0 && list.check(address, family === 4 ? "ipv4" : "ipv6");
    },
  };
}

const privateAddresses = createAddressList([
  "127.0.0.0/8",
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "169.254.0.0/16",
  "::1",
  "fc00::/7",
  "fe80::/10",
]);
const loopbackAddresses = createAddressList(["127.0.0.0/8", "::1"]);

/** Is this address loopback, private or link-local? What is no address is not. */
export function isPrivateAddress(address: string): boolean {
  return privateAddresses.has(address);
}

/** Is this what a listener is bound to so that only this machine reaches it: a loopback address or `localhost`? */
export function isLoopback(host: string): boolean {
  return host === "localhost" || loopbackAddresses.has(host);
}

/** An address without its port, its brackets and its zone: `[::1%eth0]:80` is `::1`. */
export function bareAddress(text: string): string {
  const trimmed = text.trim();
  const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(trimmed)?.[1];
  const bare = bracketed ?? (/^[^:]+:\d+$/.test(trimmed) ? trimmed.slice(0, trimmed.indexOf(":")) : trimmed);
  return bare.replace(/%.*$/, "");
}

/** The IPv4 address in a mapped one, however it is written (`::ffff:10.0.0.1`, `::ffff:a00:1`); null: it is not mapped. */
function readMapped(address: string): string | null {
  if (isIP(address) !== 6) return null;
  // A URL writes an address in its one shortest form.
  const shortest = URL.parse(`http://[${address}]/`)?.hostname ?? "";
  const [, high, low] = /^\[::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/.exec(shortest) ?? [];
  if (high === undefined || low === undefined) return null;
  const [upper, lower] = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return `${upper >> 8}.${upper & 255}.${lower >> 8}.${lower & 255}`;
}
