import { createRequire } from "node:module";
import type * as Tls from "node:tls";
import { listTlsFields } from "../protocol/tls.ts";
import type { HttpTls } from "../protocol/workflow.ts";

const require = createRequire(import.meta.url);

const maxSessions = 256;

/** TLS settings made ready: one per distinct settings and thread. */
export interface Trust {
  readonly verify: boolean;
  /** The name that the server is asked for and its certificate must have; null: the host's. */
  readonly serverName: string | null;
  readonly context: Tls.SecureContext;
  /** The session to resume with an origin, by its key. */
  sessionOf(key: string): Buffer | undefined;
  keepSession(key: string, session: Buffer): void;
}

/** The trusts of a thread; equal settings give the same trust. */
export interface Trusts {
  /** Throws what Node throws for certificates or keys that do not parse. */
  of(settings: HttpTls): Trust;
}

/** Nothing is built until a secure connection is dialled. */
export function createTrusts(): Trusts {
  const byIdentity = new WeakMap<HttpTls, Trust>();
  const byContent = new Map<string, Trust>();

  function of(settings: HttpTls): Trust {
    const same = byIdentity.get(settings);
    if (same !== undefined) return same;
    const content = JSON.stringify(settings);
    let trust = byContent.get(content);
    if (trust === undefined) {
      trust = createTrust(settings);
      byContent.set(content, trust);
    }
    byIdentity.set(settings, trust);
    return trust;
  }

  return { of };
}

/** Node's TLS, loaded with the first secure connection: it is a good part of the start of a run that needs none. */
export function loadTls(): typeof Tls {
  tls ??= require("node:tls") as typeof Tls;
  return tls;
}

let tls: typeof Tls | null = null;

function createTrust(settings: HttpTls): Trust {
  const context = loadTls().createSecureContext(listTlsFields(settings));
  const sessions = new Map<string, Buffer>();
  return {
    verify: settings.verify,
    serverName: settings.serverName,
    context,
    sessionOf: (key) => sessions.get(key),
    keepSession(key, session) {
      // The latest last: the oldest makes room.
      sessions.delete(key);
      sessions.set(key, session);
      if (sessions.size > maxSessions) sessions.delete(sessions.keys().next().value ?? "");
    },
  };
}

/** `TLSv1.3` as metrics name it: `tls1.3`; empty for null. */
export function nameTlsVersion(protocol: string | null): string {
  if (protocol === null) return "";
  const version = protocol.replace("TLSv", "tls");
  return version === "tls1" ? "tls1.0" : version;
}
