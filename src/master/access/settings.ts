import type { ClientAuth } from "./certificate.ts";
import type { ApiKey } from "./key-ring.ts";

/** Who may speak to a master, as its operator says. */
export interface AccessSettings {
  /** null: no authentication. */
  readonly keys: readonly ApiKey[] | null;
  /** Ranges of addresses; `deny` wins, an empty `allow` allows the rest. */
  readonly addresses: { readonly allow: readonly string[]; readonly deny: readonly string[] };
  /** null: plain HTTP. */
  readonly tls: ListenerTls | null;
}

/** The certificate of a listener: PEM texts. */
export interface ListenerTls {
  readonly cert: string;
  readonly key: string;
  /** Whose certificates of clients are trusted; null: they are not asked for. */
  readonly ca: string | null;
  readonly clientAuth: ClientAuth;
}

/** Everybody who is near. */
export const openAccess: AccessSettings = {
  keys: null,
  addresses: { allow: [], deny: [] },
  tls: null,
};
