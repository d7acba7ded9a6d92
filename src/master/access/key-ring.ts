import { timingSafeEqual } from "node:crypto";
import { EngineError } from "../../errors.ts";
import { digestKey, parseKeyHash } from "./key-hash.ts";
import type { Identity, KeyRole } from "./identity.ts";

/** A key as the configuration names it: exactly one of `key` and `keyHash`. */
export interface ApiKey {
  readonly name: string;
  readonly key: string | null;
  /** `sha256:<64 hex digits>`. */
  readonly keyHash: string | null;
  readonly role: KeyRole;
  /** Milliseconds since the epoch; null: never. */
  readonly expiresAt: number | null;
}

/** The keys that a master knows; they can be replaced while it serves. */
export interface KeyRing {
  /** Whose key this is, as its bytes came. Throws EngineError `unauthorized` for an unknown or expired one. */
  find(presented: Buffer): Identity;
  /** Would the key by which somebody came still be taken, for the same? Who came without one is not asked. */
  holds(identity: Identity): boolean;
  /** From now on only these. Throws EngineError `invalid_config`; the keys are as they were then. */
  replace(keys: readonly ApiKey[]): void;
}

interface Entry extends Identity {
  readonly digest: Buffer;
  readonly expiresAt: number | null;
}

/** Makes one; `wall` is the time, ms since the epoch. Throws EngineError `invalid_config`. */
export function createKeyRing(keys: readonly ApiKey[], wall: () => number): KeyRing {
  let entries = readKeys(keys);
  const isOver = ({ expiresAt }: Entry): boolean => expiresAt !== null && wall() >= expiresAt;
  return {
    find(presented) {
      const digest = digestKey(presented);
      let found: Entry | null = null;
      // All are compared, whichever is right, and every comparison takes the same time.
      for (const entry of entries) if (timingSafeEqual(entry.digest, digest)) found = entry;
      if (found === null) throw new EngineError("unauthorized", "this master does not know the key", { hint });
      if (isOver(found)) {
        const at = new Date(found.expiresAt ?? 0).toISOString();
        throw new EngineError("unauthorized", `the key \`${found.name}\` expired at ${at}`, { hint });
      }
      const { name, role, fingerprint } = found;
      return { name, role, fingerprint };
    },
    holds: ({ role, fingerprint }) =>
      fingerprint === null ||
      entries.some((entry) => entry.fingerprint === fingerprint && entry.role === role && !isOver(entry)),
    replace(next) {
      entries = readKeys(next);
    },
  };
}

const hint = "Ask the master's operator for one: `keys create` makes it.";

function readKeys(keys: readonly ApiKey[]): readonly Entry[] {
  const names = new Set<string>();
  const fingerprints = new Set<string>();
  const entries = keys.map(({ name, key, keyHash, role, expiresAt }) => {
    const digest = key === null ? parseKeyHash(keyHash ?? "") : digestKey(Buffer.from(key));
    const where = `auth.api_keys: the key \`${name}\``;
    if (digest === null || key === "") {
      throw new EngineError(
        "invalid_config",
        `${where} has no key_hash that \`keys create\` prints (sha256:…), and no key`,
      );
    }
    if (names.has(name)) throw new EngineError("invalid_config", `auth.api_keys: two keys are named \`${name}\``);
    const fingerprint = digest.toString("hex").slice(0, 32);
    if (fingerprints.has(fingerprint)) throw new EngineError("invalid_config", `${where} is the same as another`);
    names.add(name);
    fingerprints.add(fingerprint);
    return { name, role, fingerprint, digest, expiresAt };
  });
  if (entries.length > 0) return entries;
  throw new EngineError("invalid_config", "auth is on and auth.api_keys is empty: nobody could come in", {
    hint: "Make a key with `workflow-engine keys create --role admin` and write its hash there.",
  });
}

/** Those made by `keys create` have 46 characters. */
const shortestKey = 16;

/** What an operator is told of keys that are too short; empty: nothing. */
export function describeShortKeys(keys: readonly ApiKey[]): readonly string[] {
  return keys
    .filter(({ key }) => key !== null && key.length < shortestKey)
    .map(
      ({ name }) =>
        `the key \`${name}\` has fewer than ${shortestKey} characters and can be guessed; \`keys create\` makes a better one`,
    );
}
