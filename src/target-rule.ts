import { isIP } from "node:net";
import { createAddressList, parseRange } from "./address.ts";
import type { Permit, TargetLists } from "./protocol/ports.ts";

/**
 * Compiles target lists to what a permit refuses. An entry that is no range is a name (`*.` before it: all below it), or
 * with a slash at its beginning the path of a unix socket (`/*` at its end: all in it). `setting`: what the
 * lists are called in the configuration.
 */
export function createTargetRule({ allow, deny }: TargetLists, setting = "slave.targets"): Permit["refuses"] {
  const denied = compile(deny);
  const allowed = compile(allow);
  return (host, written) => {
    if (host.startsWith("/")) {
      if (denied.hasPath(host)) return `${setting}.deny has its path`;
      return allow.length === 0 || allowed.hasPath(host) ? null : `${setting}.allow has not its path`;
    }
    const name = isIP(host) === 0 ? host.toLowerCase().replace(/\.$/, "") : "";
    if (name !== "" && denied.hasName(name)) return `${setting}.deny has its name`;
    if (written === "") return null;
    const address = reached(written);
    if (denied.addresses.has(address)) return `${setting}.deny has its address`;
    if (allow.length === 0 || allowed.addresses.has(address)) return null;
    if (name !== "" && allowed.hasName(name)) return null;
    return `${setting}.allow has neither its address nor its name`;
  };
}

function compile(entries: readonly string[]) {
  const others = entries.filter((entry) => parseRange(entry) === null);
  const paths = others.filter((entry) => entry.startsWith("/"));
  const folders = paths.filter((path) => path.endsWith("/*")).map((path) => path.slice(0, -1));
  const names = others.map((name) => name.toLowerCase().replace(/\.$/, ""));
  const exact = new Set(names);
  const suffixes = names.filter((name) => name.startsWith("*.")).map((name) => name.slice(1));
  return {
    addresses: createAddressList(entries),
    hasName: (name: string) => exact.has(name) || suffixes.some((suffix) => name.endsWith(suffix)),
    hasPath: (path: string) => paths.includes(path) || folders.some((folder) => path.startsWith(folder)),
  };
}

/** Whoever dials the unspecified address reaches this machine. */
function reached(address: string): string {
  if (address === "0.0.0.0" || /^::ffff:0(?:\.0\.0\.0|:0)$/i.test(address)) return "127.0.0.1";
  return isIP(address) === 6 && /^[0:]+$/.test(address) ? "::1" : address;
}
