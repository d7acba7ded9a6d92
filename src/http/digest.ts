import { createHash, randomBytes } from "node:crypto";

/** What a server asks of a client by Digest (RFC 7616), and how often it was answered. */
export interface Challenge {
  readonly realm: string;
  readonly nonce: string;
  readonly opaque: string | null;
  /** As the server wrote it; null: MD5. */
  readonly algorithm: string | null;
  /** false: the form of RFC 2069, without a count. */
  readonly qop: boolean;
  count: number;
}

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

const hashes: Readonly<Record<string, string>> = { "sha-256": "sha256", md5: "md5" };
const longest = 4_096;

/** The strongest challenge of WWW-Authenticate values that can be answered: SHA-256 before MD5, qop `auth`; null: none. */
export function readChallenge(values: readonly string[]): Challenge | null {
  const challenges = values
    .filter((value) => value.length <= longest)
    .flatMap((value) => value.split(/(?=\bDigest\s)/i))
    .map(parseChallenge)
    .filter((challenge) => challenge !== null);
  return challenges.find(({ algorithm }) => algorithm?.toLowerCase() === "sha-256") ?? challenges[0] ?? null;
}

function parseChallenge(text: string): Challenge | null {
  if (!/^\s*Digest\s/i.test(text)) return null;
  const fields = new Map<string, string>();
  for (const [, name = "", quoted, plain] of text.matchAll(/([a-z]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/gi)) {
    fields.set(name.toLowerCase(), quoted ?? plain ?? "");
  }
  const nonce = fields.get("nonce");
  const algorithm = fields.get("algorithm") ?? null;
  const qop = fields.get("qop");
  if (nonce === undefined || !Object.hasOwn(hashes, algorithm?.toLowerCase() ?? "md5")) return null;
  if (qop !== undefined && !qop.split(",").some((each) => each.trim().toLowerCase() === "auth")) return null;
  const realm = fields.get("realm") ?? "";
  return { realm, nonce, opaque: fields.get("opaque") ?? null, algorithm, qop: qop !== undefined, count: 0 };
}

/** The value of Authorization for the next request; counts it. `target`: what stands in the request line. */
export function answerChallenge(
  challenge: Challenge,
  { username, password }: Credentials,
  method: string,
  target: string,
  clientNonce: string = randomBytes(12).toString("hex"),
): string {
  const { realm, nonce, opaque, algorithm, qop } = challenge;
  const hash = (text: string): string =>
    createHash(hashes[algorithm?.toLowerCase() ?? "md5"] ?? "md5")
      .update(text, "utf8")
      .digest("hex");
  challenge.count++;
  const count = challenge.count.toString(16).padStart(8, "0");
  // Quoted pairs are hashed as the server wrote them, without their backslashes.
  const plainRealm = realm.replaceAll(/\\(.)/g, "$1");
  const user = hash(`${username}:${plainRealm}:${password}`);
  const asked = hash(`${method}:${target}`);
  const response = hash(qop ? `${user}:${nonce}:${count}:${clientNonce}:auth:${asked}` : `${user}:${nonce}:${asked}`);
  const name = username.replaceAll(/["\\]/g, String.raw`\$&`);
  let value = `Digest username="${name}", realm="${realm}", nonce="${nonce}", uri="${target}", response="${response}"`;
  if (algorithm !== null) value += `, algorithm=${algorithm}`;
  if (opaque !== null) value += `, opaque="${opaque}"`;
  return qop ? `${value}, qop=auth, nc=${count}, cnonce="${clientNonce}"` : value;
}
