import { lookup } from "node:dns";
import { isIP } from "node:net";
import type { Clock } from "../protocol/ports.ts";
import { codeOfLookup } from "./codes.ts";

/** What a name came to: addresses to try in order, or why there are none. */
export interface Resolution {
  /** Empty when the look-up failed. */
  readonly addresses: readonly string[];
  /** 0, or the code of the failure. */
  readonly code: number;
  readonly message: string;
}

/** Finds addresses; equal names asked for at the same time share one look-up. */
export interface Resolver {
  /** Calls back at once for literals and remembered names, later otherwise; exactly once. */
  resolve(host: string, done: (resolution: Resolution) => void): void;
}

interface Known {
  readonly resolution: Resolution;
  readonly until: number;
}

/** `ttlMs`: how long an answer is remembered; 0: only shared among those who wait for it. Failures are not remembered. */
export function createResolver(clock: Clock, ttlMs: number): Resolver {
  const known = new Map<string, Known>();
  const asked = new Map<string, ((resolution: Resolution) => void)[]>();

  function settle(host: string, resolution: Resolution): void {
    const waiting = asked.get(host) ?? [];
    asked.delete(host);
    if (ttlMs > 0 && resolution.code === 0) known.set(host, { resolution, until: clock.now() + ttlMs });
    for (const done of waiting) done(resolution);
  }

  function resolve(host: string, done: (resolution: Resolution) => void): void {
    if (isIP(host) !== 0) {
      done({ addresses: [host], code: 0, message: "" });
      return;
    }
    const entry = known.get(host);
    if (entry !== undefined && clock.now() < entry.until) {
      done(entry.resolution);
      return;
    }
    const waiting = asked.get(host);
    if (waiting !== undefined) {
      waiting.push(done);
      return;
    }
    asked.set(host, [done]);
    lookup(host, { all: true, order: "ipv4first" }, (error, found) => {
      settle(host, error === null ? toResolution(host, found) : failedResolution(host, error));
    });
  }

  return { resolve };
}

function toResolution(host: string, found: readonly { readonly address: string }[]): Resolution {
  const addresses = found.map((entry) => entry.address);
  if (addresses.length > 0) return { addresses, code: 0, message: "" };
  return failedResolution(host, { code: "ENOTFOUND", message: "no addresses" });
}

function failedResolution(host: string, error: { readonly code?: string; readonly message: string }): Resolution {
  const code = codeOfLookup(error);
  const message = error.code === "ENOTFOUND" ? `no such host: ${host}` : `look-up of ${host} failed: ${error.code}`;
  return { addresses: [], code, message };
}
