import { isIP } from "node:net";
import { createAddressList, parseRange } from "../address.ts";
import type { Permit, TargetLists } from "../protocol/ports.ts";

/** Compiles target lists to what a permit refuses. An entry that is no range is a name. */
export function createTargetRule({ allow, deny }: TargetLists): Permit["refuses"] {
  const denied = compile(deny);
  const allowed = compile(allow);
  return (host, written) => {
    const name = isIP(host) === 0 ? host.toLowerCase().replace(/\.$/, "") : "";
    if (name !== "" && denied.hasName(name)) return "slave.targets.deny has its name";
    if (written === "") return null;
    const address = reached(written);
    if (denied.addresses.has(address)) return "slave.targets.deny has its address";
    if (allow.length === 0 || allowed.addresses.has(address)) return null;
    if (name !== "" && allowed.hasName(name)) return null;
    return "slave.targets.allow has neither its address nor its name";
  };
}

function compile(entries: readonly string[]) {
  const names = entries.filter((entry) => parseRange(entry) === null).map((entry) => entry.toLowerCase());
  const exact = new Set(names);
  const suffixes = names.filter((name) => name.startsWith("*.")).map((name) => name.slice(1));
  return {
    addresses: createAddressList(entries),
    hasName: (name: string) => exact.has(name) || suffixes.some((suffix) => name.endsWith(suffix)),
  };
}

/** Whoever dials the unspecified address reaches this machine. */
function reached(address: string): string {
  if (address === "0.0.0.0" || /^::ffff:0(?:\.0\.0\.0|:0)$/i.test(address)) return "127.0.0.1";
  return isIP(address) === 6 && /^[0:]+$/.test(address) ? "::1" : address;
}
