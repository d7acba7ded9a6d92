import { BlockList, isIP } from "node:net";

const ranges: readonly (readonly [network: string, prefix: number, family: "ipv4" | "ipv6"])[] = [
  ["127.0.0.0", 8, "ipv4"],
  ["10.0.0.0", 8, "ipv4"],
  ["172.16.0.0", 12, "ipv4"],
  ["192.168.0.0", 16, "ipv4"],
  ["169.254.0.0", 16, "ipv4"],
  ["::1", 128, "ipv6"],
  ["fc00::", 7, "ipv6"],
  ["fe80::", 10, "ipv6"],
];

const privateList = createList(ranges);
const loopbackList = createList([
  ["127.0.0.0", 8, "ipv4"],
  ["::1", 128, "ipv6"],
]);

/** Is this address loopback, private or link-local? What is no address is not. A v6 zone and a mapped v4 are understood. */
export function isPrivateAddress(address: string): boolean {
  return isListed(privateList, address);
}

/** Is this what a listener is bound to so that only this machine reaches it: a loopback address or `localhost`? */
export function isLoopback(host: string): boolean {
  return host === "localhost" || isListed(loopbackList, host);
}

/** An address without its port, its brackets and its zone: `[::1%eth0]:80` is `::1`. */
export function bareAddress(text: string): string {
  const trimmed = text.trim();
  const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(trimmed)?.[1];
  const bare = bracketed ?? (/^[^:]+:\d+$/.test(trimmed) ? trimmed.slice(0, trimmed.indexOf(":")) : trimmed);
  return bare.replace(/%.*$/, "");
}

function isListed(list: BlockList, text: string): boolean {
  const address = bareAddress(text).replace(/^::ffff:(?=\d+\.)/i, "");
  const family = isIP(address);
  return family !== 0 && list.check(address, family === 4 ? "ipv4" : "ipv6");
}

function createList(entries: typeof ranges): BlockList {
  const list = new BlockList();
  for (const [network, prefix, family] of entries) list.addSubnet(network, prefix, family);
  return list;
}
