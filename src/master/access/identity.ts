/** What a key may do: `viewer` reads, `operator` also submits and steers, `admin` also drains, purges and manages; `slave` only joins. */
export type KeyRole = "viewer" | "operator" | "admin" | "slave";

/** Who sent a request. */
export interface Identity {
  /** Of the key, of the certificate, or `anonymous` where there is no authentication. */
  readonly name: string;
  readonly role: KeyRole;
  /** Tells the key from all others, and nobody what it is; null: it came without one. */
  readonly fingerprint: string | null;
}

/** Who everybody is on a master without authentication. */
export const anonymous: Identity = { name: "anonymous", role: "admin", fingerprint: null };

const ladder: readonly KeyRole[] = ["viewer", "operator", "admin"];

/** May a key of this role call what needs that one? A slave's key joins and does nothing else; no other key joins. */
export function allows(role: KeyRole, needed: KeyRole | "anyone"): boolean {
  if (needed === "anyone") return true;
  if (needed === "slave" || role === "slave") return role === needed;
  return ladder.indexOf(role) >= ladder.indexOf(needed);
}
