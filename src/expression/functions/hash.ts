import type * as Crypto from "node:crypto";
import { createRequire } from "node:module";
import { valueError } from "../template-error.ts";
import type { FunctionSpec } from "./function-spec.ts";
import { textArgument } from "./function-spec.ts";

const require = createRequire(import.meta.url);

/**
 * `md5(t) sha1(t) sha256(t)` and `hmac_sha256(key, t)` of UTF-8 texts, in lower-case hex; a last argument
 * `"base64"` asks for base64 instead.
 */
export const hashFunctions = {
  md5: makeHash("md5"),
  sha1: makeHash("sha1"),
  sha256: makeHash("sha256"),
  hmac_sha256: {
    least: 2,
    most: 3,
    call: (args) =>
      loadCrypto()
        .createHmac("sha256", textArgument("hmac_sha256", args, 0))
        .update(textArgument("hmac_sha256", args, 1))
        .digest(readEncoding("hmac_sha256", args, 2)),
  },
} as const satisfies Record<string, FunctionSpec>;

function makeHash(name: "md5" | "sha1" | "sha256"): FunctionSpec {
  return {
    least: 1,
    most: 2,
    call: (args) => loadCrypto().hash(name, textArgument(name, args, 0), readEncoding(name, args, 1)),
  };
}

let crypto: typeof Crypto | null = null;

/** Loaded with the first hash: few workflows need it, and every run would wait for it. */
function loadCrypto(): typeof Crypto {
  crypto ??= require("node:crypto") as typeof Crypto;
  return crypto;
}

function readEncoding(name: string, args: readonly unknown[], index: number): "hex" | "base64" {
  if (args.length <= index) return "hex";
  const encoding = textArgument(name, args, index);
  if (encoding !== "hex" && encoding !== "base64")
    throw valueError(`${name}(): the encoding must be "hex" or "base64", not ${JSON.stringify(encoding)}`);
  return encoding;
}
