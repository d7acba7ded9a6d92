import type { IncomingMessage } from "node:http";
import { EngineError } from "../../errors.ts";

const longestKey = 512;
const parametersOfKeys = /^(?:x[-_]?)?(?:api[-_]?key|key|token|access[-_]?token|auth|authorization)$/i;

/** The key that a request brings, as its bytes came; null: none. Throws EngineError `invalid_request`, `unauthorized`. */
export function readKey({ headers }: Pick<IncomingMessage, "headers">): Buffer | null {
  const own = readText(headers["x-api-key"]);
  const { authorization } = headers;
  const bearer = authorization === undefined ? null : (/^Bearer +(\S+) *$/i.exec(authorization)?.[1] ?? null);
  if (authorization !== undefined && bearer === null) {
    throw new EngineError("unauthorized", "the Authorization header is not `Bearer KEY`", { hint });
  }
  if (own !== null && bearer !== null && own !== bearer) {
    throw new EngineError("invalid_request", "X-API-Key and Authorization bring different keys; send one");
  }
  const key = own ?? bearer;
  if (key === null) return null;
  if (key === "" || key.length > longestKey) {
    throw new EngineError("unauthorized", `a key has 1 to ${longestKey} characters`, { hint });
  }
  return Buffer.from(key, "latin1");
}

/** Throws EngineError `invalid_request` where a query brings a key: addresses end up in logs and histories. */
export function refuseKeyInUrl(query: URLSearchParams): void {
  for (const name of query.keys()) {
    if (!parametersOfKeys.test(name)) continue;
    throw new EngineError("invalid_request", `a URL takes no key: leave \`${name}\` out`, {
      hint: "Send it in the header X-API-Key. If this was a real key, replace it: URLs end up in logs.",
    });
  }
}

const hint = "Send a key in the header X-API-Key, or as `Authorization: Bearer KEY`.";

/** Who brings nothing where something is needed. */
export function describeNoKey(): EngineError {
  return new EngineError("unauthorized", "this master answers only with a key", { hint });
}

function readText(value: string | readonly string[] | undefined): string | null {
  return value === undefined ? null : [value].flat().join(", ").trim();
}
