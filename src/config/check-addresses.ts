import { parseAddressSpan, parseRange, spanForm } from "../address.ts";
import type { GivenValues } from "./given-values.ts";
import { type ListenAddress, parseListenAddress } from "./listen-address.ts";

/** The address of a key; null: not given, or reported. */
export function readAddress(values: GivenValues, key: string): ListenAddress | null {
  const text = values.text(key);
  const address = text === null ? null : parseListenAddress(text);
  if (text !== null && address === null) {
    values.report(key, `\`${text.slice(0, 100)}\` is no address; it takes HOST:PORT or :PORT, for example :8080`);
  }
  return address;
}

/** The addresses and networks of a key; what is none is reported. */
export function checkNetworks(values: GivenValues, key: string): readonly string[] {
  const networks = values.texts(key);
  for (const [index, text] of networks.entries()) {
    if (parseRange(text) !== null) continue;
    const shown = text.slice(0, 100);
    values.report(key, `\`${shown}\` is no address and no network; it takes 10.0.0.0/8, 192.0.2.1 or fd00::/8`, [
      index,
    ]);
  }
  return networks;
}

/** Origins as browsers send them; what is none is reported. */
export function checkOrigins(values: GivenValues, key: string): readonly string[] {
  const origins = values.texts(key);
  for (const [index, text] of origins.entries()) {
    if (URL.canParse(text) && /^https?:/.test(text) && new URL(text).origin === text) continue;
    const shown = text.slice(0, 100);
    values.report(key, `\`${shown}\` is no origin; it takes https://HOST or http://HOST:PORT, without a path`, [index]);
  }
  return origins;
}

/** Addresses, networks, names (`shop.example`, `*.shop.example`) and paths of sockets of a key; what is none is reported. */
export function checkTargets(values: GivenValues, key: string): readonly string[] {
  const targets = values.texts(key);
  for (const [index, text] of targets.entries()) {
    if (parseRange(text) !== null || isName(text) || /^\/[^\0]*$/.test(text)) continue;
    const shown = text.slice(0, 100);
    const takes = "10.0.0.0/8, 192.0.2.1, shop.example, *.shop.example, or the path of a socket: /run/*";
    values.report(key, `\`${shown}\` is no address, no network and no name; it takes ${takes}`, [index]);
  }
  return targets;
}

/** Addresses of this machine, and ranges of them, of a key; what is none is reported. */
export function checkSpans(values: GivenValues, key: string): readonly string[] {
  const spans = values.texts(key);
  for (const [index, text] of spans.entries()) {
    if (parseAddressSpan(text) === null) values.report(key, `\`${text.slice(0, 100)}\` is ${spanForm}`, [index]);
  }
  return spans;
}

/** What looks like an address is none: `10.0.0.0/33`, `10.0.0.256`. */
function isName(text: string): boolean {
  return /^(\*\.)?([\p{L}\p{N}_-]+\.)*[\p{L}\p{N}_-]*\p{L}[\p{L}\p{N}_-]*\.?$/u.test(text);
}
