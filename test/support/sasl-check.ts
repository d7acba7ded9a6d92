import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";

/** Who may come in. */
export interface SaslUser {
  readonly username: string;
  readonly password: string;
}

/** Takes what a client sends, gives what it is answered. */
export type SaslCheck = (given: Buffer) => {
  readonly answer: Buffer;
  readonly state: "goes on" | "admitted" | "refused";
};

export const saslMechanisms: readonly string[] = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"];

const refused = { answer: Buffer.alloc(0), state: "refused" } as const;

/** A server's side of PLAIN (RFC 4616) or SCRAM (RFC 5802) for one user; null: the mechanism is another. */
export function createSaslCheck(mechanism: string, user: SaslUser): SaslCheck | null {
  if (mechanism === "PLAIN") return (given) => checkPlain(given, user);
  const bits = /^SCRAM-SHA-(256|512)$/.exec(mechanism)?.[1];
  return bits === undefined ? null : createScramCheck(`sha${bits}`, Number(bits) / 8, user);
}

function checkPlain(given: Buffer, { username, password }: SaslUser): ReturnType<SaslCheck> {
  const [, name, word] = given.toString().split("\0");
  return name === username && word === password ? { answer: Buffer.alloc(0), state: "admitted" } : refused;
}

function createScramCheck(digest: string, length: number, { username, password }: SaslUser): SaslCheck {
  const salt = randomBytes(16);
  const rounds = 4096;
  const salted = pbkdf2Sync(password, salt, rounds, length, digest);
  const sign = (key: Buffer, text: string) => createHmac(digest, key).update(text).digest();
  const hash = (bytes: Buffer) => createHash(digest).update(bytes).digest();
  let began = "";
  let asked = "";
  return (given) => {
    const text = given.toString();
    if (asked === "") {
      const [, bare = "", name, nonce = ""] = /^n,[^,]*,(n=([^,]*),r=([^,]+))$/.exec(text) ?? [];
      if (name !== username) return refused;
      began = bare;
      asked = `r=${nonce}${randomBytes(12).toString("hex")},s=${salt.toString("base64")},i=${rounds}`;
      return { answer: Buffer.from(asked), state: "goes on" };
    }
    const [, unproved = "", nonce, proof = ""] = /^(c=biws,r=([^,]+)),p=([^,]+)$/.exec(text) ?? [];
    if (!asked.startsWith(`r=${nonce},`)) return refused;
    const spoken = `${began},${asked},${unproved}`;
    const stored = hash(sign(salted, "Client Key"));
    const signature = sign(stored, spoken);
    const shown = Buffer.from(proof, "base64").map((byte, place) => byte ^ (signature[place] ?? 0));
    if (!hash(Buffer.from(shown)).equals(stored)) return refused;
    const own = sign(sign(salted, "Server Key"), spoken).toString("base64");
    return { answer: Buffer.from(`v=${own}`), state: "admitted" };
  };
}
