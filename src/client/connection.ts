import type { Alarm, Clock } from "../protocol/ports.ts";

/** How a master is spoken to. */
export interface Connection {
  /** An API key; sent as `X-API-Key`. */
  readonly apiKey?: string;
  /** PEM: who may have signed the master's certificate, instead of the system's list. */
  readonly ca?: string | Uint8Array;
  /** PEM: the certificate that is shown to the master, and its key. */
  readonly cert?: string | Uint8Array;
  readonly key?: string | Uint8Array;
  /** The master's certificate is not verified. */
  readonly insecure?: boolean;
}

/** The headers that every request carries. A header holds bytes: a key of any script travels as its UTF-8. */
export function createHeaders({ apiKey }: Connection): Readonly<Record<string, string>> {
  return apiKey === undefined ? {} : { "x-api-key": Buffer.from(apiKey).toString("latin1") };
}

/** What TLS is told, in Node's words. */
export function createTlsOptions({ ca, cert, key, insecure = false }: Connection): {
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly rejectUnauthorized?: boolean;
} {
  return {
    ...(ca === undefined ? {} : { ca: toText(ca) }),
    ...(cert === undefined ? {} : { cert: toText(cert) }),
    ...(key === undefined ? {} : { key: toText(key) }),
    ...(insecure ? { rejectUnauthorized: false } : {}),
  };
}

function toText(pem: string | Uint8Array): string | Buffer {
  return typeof pem === "string" ? pem : Buffer.from(pem);
}

/** A clock of timers, good enough for waits of a client. */
export const timerClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  at(time, task): Alarm {
    const timer = setTimeout(task, Math.max(0, time - performance.now()));
    return { cancel: () => clearTimeout(timer) };
  },
};
