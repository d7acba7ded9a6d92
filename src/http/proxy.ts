import { isIP } from "node:net";
import { createAddressList } from "../address.ts";
import { encodeBasic } from "./encode.ts";
import type { Origin, Proxy } from "./exchange.ts";
import { parseUrl } from "./url.ts";

/** Which proxy leads to an origin; null: none. */
export type ChooseProxy = (origin: Origin) => Proxy | null;

/** Reads `http://user:password@host:port`, or `host:port`; null: it is no URL of an HTTP proxy. */
export function parseProxy(text: string): Proxy | null {
  const url = parseUrl(text.includes("://") ? text : `http://${text}`);
  if (url === null || url.target !== "/") return null;
  const { secure, host, port } = url.origin;
  return { secure, host, port, authorization: url.credentials === null ? null : encodeBasic(url.credentials) };
}

/**
 * What `proxy` says: a URL for all origins, or `env`: HTTP_PROXY, HTTPS_PROXY and NO_PROXY (or in lower case, which
 * wins) as curl reads them; HTTP_PROXY in capitals counts too. null: no proxy at all. Throws nothing: what is no URL
 * is reported by `refuse` with the name of its variable.
 */
export function createProxyChoice(
  setting: string,
  env: Readonly<Record<string, string>>,
  refuse: (name: string) => never,
): ChooseProxy | null {
  if (setting !== "env") {
    const proxy = parseProxy(setting) ?? refuse("proxy");
    return () => proxy;
  }
  const read = (name: string): string => (env[name.toLowerCase()] ?? env[name] ?? "").trim();
  const find = (name: string): Proxy | null => {
    const text = read(name) === "" ? read("ALL_PROXY") : read(name);
    return text === "" ? null : (parseProxy(text) ?? refuse(name));
  };
  const plain = find("HTTP_PROXY");
  const secure = find("HTTPS_PROXY");
  if (plain === null && secure === null) return null;
  const isExcepted = compileExceptions(read("NO_PROXY"));
  return (origin) => (isExcepted(origin) ? null : origin.secure ? secure : plain);
}

/** `*`, names (and all below them, with or without a dot at the beginning), addresses and networks; each perhaps with a port. */
function compileExceptions(text: string): (origin: Origin) => boolean {
  const entries = text.split(/[\s,]+/).filter((entry) => entry !== "");
  if (entries.includes("*")) return () => true;
  const addresses = createAddressList(entries);
  const names = entries.map((entry) => {
    const [, name = entry, port] = /^([^:]+):(\d+)$/.exec(entry) ?? [];
    return { name: name.toLowerCase().replace(/^\*?\./, ""), port: port === undefined ? null : Number(port) };
  });
  return ({ host, port }) => {
    if (isIP(host) !== 0 && addresses.has(host)) return true;
    return names.some(
      (entry) =>
        (entry.port === null || entry.port === port) && (host === entry.name || host.endsWith(`.${entry.name}`)),
    );
  };
}
