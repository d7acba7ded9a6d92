import { createHash } from "node:crypto";

const scheme = "sha256:";

/**
 * The hash of a key, `sha256:<64 hex digits>`. Keys that we make are 256 random bits, which nobody finds by trying, so
 * that a slow hash would only slow each request down.
 */
export function hashKey(key: string): string {
  return scheme + digestKey(Buffer.from(key)).toString("hex");
}

/** A new key of 32 random bytes. */
export function makeKey(randomBytes: (count: number) => Buffer): string {
  return `we_${randomBytes(32).toString("base64url")}`;
}

/** What keys are compared by: 32 bytes. */
export function digestKey(key: Buffer): Buffer {
  return createHash("sha256").update(key).digest();
}

/** The digest in a hash as `hashKey` prints it; null: it is none. */
export function parseKeyHash(text: string): Buffer | null {
  const digits = new RegExp(`^${scheme}([0-9a-f]{64})$`, "i").exec(text.trim())?.[1];
  return digits === undefined ? null : Buffer.from(digits, "hex");
}
