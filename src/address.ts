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

/** The /64 that an IPv6 address is in: one host may have all of it. null: it is none, or a mapped IPv4 address. */
export function readNetwork64(text: string): string | null {
  const address = bareAddress(text);
  if (isIP(address) !== 6 || readMapped(address) !== null) return null;
  return `${printAddress((readAddress(address, 6) >> 64n) << 64n, 6)}/64`;
}

/** The IPv4 address in a mapped one, however it is written (`::ffff:10.0.0.1`, `::ffff:a00:1`); null: it is not mapped. */
function readMapped(address: string): string | null {
  if (isIP(address) !== 6) return null;
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(shorten(address)) ?? [];
  if (high === undefined || low === undefined) return null;
  const [upper, lower] = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return `${upper >> 8}.${upper & 255}.${lower >> 8}.${lower & 255}`;
}

/** What `parseAddressSpan` reads, for people. */
export const spanForm = "no address and no range of them; it takes 10.0.0.5, 10.0.0.0/28 or 10.0.0.5-10.0.0.9";

/** More of one span are not used: every VU has one, and a machine seldom has more. */
const mostOfSpan = 65_536n;

/** So many addresses from the first on. */
export interface AddressSpan {
  readonly family: 4 | 6;
  readonly first: bigint;
  readonly count: bigint;
}

/**
 * The single addresses of `10.0.0.5`, `10.0.0.0/28` (without the network's own and the broadcast address) or
 * `10.0.0.5-10.0.0.9`, at most 65536; null: it is none of these.
 */
export function parseAddressSpan(text: string): AddressSpan | null {
  const [, low = "", bits, high] = /^([^/-]+)(?:\/(\d{1,3})|-([^/-]+))?$/.exec(text.trim()) ?? [];
  const family = isIP(low);
  if ((family !== 4 && family !== 6) || low.includes("%")) return null;
  const first = readAddress(low, family);
  if (high !== undefined) {
    if (isIP(high) !== family) return null;
    const count = readAddress(high, family) - first + 1n;
    return count < 1n ? null : { family, first, count: atMost(count) };
  }
  const width = family === 4 ? 32 : 128;
  const prefix = bits === undefined ? width : Number(bits);
  if (prefix > width) return null;
  const size = 1n << BigInt(width - prefix);
  if (size === 1n) return { family, first, count: 1n };
  const network = (first / size) * size;
  if (family === 4 && size > 2n) return { family, first: network + 1n, count: atMost(size - 2n) };
  return { family, first: network, count: atMost(size) };
}

function atMost(count: bigint): bigint {
  return count > mostOfSpan ? mostOfSpan : count;
}

function readAddress(text: string, family: 4 | 6): bigint {
  if (family === 4) return text.split(".").reduce((sum, part) => (sum << 8n) | BigInt(part), 0n);
  const [head = "", tail] = shorten(text).split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const groups = [...left, ...Array.from({ length: 8 - left.length - right.length }, () => "0"), ...right];
  return groups.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
}

/** An address of the number that it is. */
export function printAddress(address: bigint, family: 4 | 6): string {
  const part = (at: number, width: bigint) => (address >> (BigInt(at) * width)) & ((1n << width) - 1n);
  if (family === 4) return [3, 2, 1, 0].map((at) => part(at, 8n)).join(".");
  return [7, 6, 5, 4, 3, 2, 1, 0].map((at) => part(at, 16n).toString(16)).join(":");
}

/** An IPv6 address in its one shortest form, as a URL writes it. */
function shorten(address: string): string {
  return URL.parse(`http://[${address}]/`)?.hostname.slice(1, -1) ?? "";
}
