import { isIP } from "node:net";
import { parseAddressSpan, printAddress } from "../address.ts";

/** The address of this machine that one VU's connections come from, for each family that there is one of. */
export interface SourceAddress {
  readonly ipv4: string | null;
  readonly ipv6: string | null;
}

/**
 * Reads a list of addresses, networks and `first-last`, as k6's `--local-ips`. Gives the n-th of all, round and round;
 * null: the list is empty.
 */
export function createSourceAddresses(list: readonly string[]): (n: number) => SourceAddress | null {
  const ranges = list.flatMap((text) => parseAddressSpan(text) ?? []);
  const pick = (family: 4 | 6, n: number): string | null => {
    const own = ranges.filter((range) => range.family === family);
    const all = own.reduce((sum, { count }) => sum + count, 0n);
    if (all === 0n) return null;
    let place = BigInt(n) % all;
    for (const { first, count } of own) {
      if (place < count) return printAddress(first + place, family);
      place -= count;
    }
    return null;
  };
  return (n) => (ranges.length === 0 ? null : { ipv4: pick(4, n), ipv6: pick(6, n) });
}

/** The source address for a target, `undefined`: the system chooses; null: there is none of its family. */
export function sourceFor(source: SourceAddress | null, target: string): string | undefined | null {
  if (source === null) return undefined;
  return isIP(target) === 6 ? source.ipv6 : source.ipv4;
}
