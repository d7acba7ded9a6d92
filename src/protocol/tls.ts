import type * as Crypto from "node:crypto";
import { createRequire } from "node:module";
import type * as Tls from "node:tls";
import type { Json, JsonObject } from "./json.ts";
import { explainOpenssl, findCertificateFault, findKeyFault } from "./pem.ts";
import { describe, flag, object, text, type Shape } from "./shape.ts";
import type { Path, SpecContext } from "./step-spec.ts";
import type { HttpTls, TlsVersion } from "./workflow.ts";

// Loaded where certificates are given: they are a good part of the start of a run that needs none.
const require = createRequire(import.meta.url);

const versions: Readonly<Record<string, TlsVersion>> = {
  "1.0": "TLSv1",
  "1": "TLSv1",
  "1.1": "TLSv1.1",
  "1.2": "TLSv1.2",
  "1.3": "TLSv1.3",
};
const versionNames = Object.values(versions);
const version: Shape = { kind: "choice", values: ["1.0", 1, "1.1", 1.1, "1.2", 1.2, "1.3", 1.3] };

/** `tls` of a step that may go over TLS. */
export const tlsShape = object({
  verify: describe(flag, "Verify the server's certificate. Default: true, unless `--insecure` is given."),
  cert: describe(text, "The client's certificate: PEM text, or a file relative to the workflow. Default: none."),
  key: describe(text, "The key of `cert`: PEM text, or a file relative to the workflow. Default: none."),
  passphrase: describe({ kind: "text", secret: true }, "What opens `key`, where it is encrypted. Default: none."),
  ca: describe(text, "Authorities to trust: PEM text, or a file relative to the workflow. Default: the system's own."),
  min_version: describe(version, "The oldest version of TLS to accept: 1.0, 1.1, 1.2 or 1.3. Default: 1.2."),
  max_version: describe(version, "The newest version of TLS to offer. Default: 1.3."),
  ciphers: describe(text, "What to offer, as OpenSSL lists it: `TLS_AES_128_GCM_SHA256:…`. Default: Node's own list."),
  server_name: describe(
    text,
    "The name to ask the server for, and to find in its certificate. Default: the host of the connection.",
  ),
});

/** Verify with the system's authorities. */
export const defaultTls: HttpTls = {
  verify: true,
  cert: null,
  key: null,
  passphrase: null,
  ca: null,
  minVersion: null,
  maxVersion: null,
  ciphers: null,
  serverName: null,
};

/** What is given of it, as Node's TLS takes it. */
export function listTlsFields(tls: HttpTls) {
  const { cert, key, passphrase, ca, minVersion, maxVersion, ciphers } = tls;
  return {
    ...(cert === null ? {} : { cert }),
    ...(key === null ? {} : { key }),
    ...(passphrase === null ? {} : { passphrase }),
    ...(ca === null ? {} : { ca }),
    ...(minVersion === null ? {} : { minVersion }),
    ...(maxVersion === null ? {} : { maxVersion }),
    ...(ciphers === null ? {} : { ciphers }),
  };
}

/** `1.2` or 1.2, as Node names it; undefined: it is no version. */
export function readTlsVersion(given: Json): TlsVersion | undefined {
  const text = String(given);
  return Object.hasOwn(versions, text) ? versions[text] : undefined;
}

/** A checked `tls`, its files read; what it does not say is as in `otherwise`. */
export function readTls(
  value: Json | undefined,
  otherwise: HttpTls,
  context: Pick<SpecContext, "readFile" | "report" | "warn" | "insecure">,
): HttpTls {
  const tls = typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
  let isWrong = false;
  const readPem = (name: "cert" | "key" | "ca", findFault: (pem: string) => string | null): string | null => {
    const given = tls[name];
    if (typeof given !== "string") return otherwise[name];
    const path: Path = ["tls", name];
    const isText = given.includes("-----BEGIN");
    const pem = isText ? given : context.readFile(path, given);
    const fault = pem === null ? null : findFault(pem);
    if (fault !== null) context.report(path, `${isText ? `\`${name}\`` : `\`${given}\``} ${fault}`);
    isWrong ||= pem === null || fault !== null;
    return pem;
  };
  const verify = typeof tls["verify"] === "boolean" ? tls["verify"] : otherwise.verify;
  const readVersion = (name: "min_version" | "max_version", usual: TlsVersion | null): TlsVersion | null => {
    const given = tls[name];
    return given === undefined ? usual : (readTlsVersion(given) ?? usual);
  };
  const given = (name: "ciphers" | "server_name" | "passphrase"): string | null => {
    const value = tls[name];
    return typeof value === "string" ? value : null;
  };
  // A key of its own has none of another's.
  const passphrase = given("passphrase") ?? (tls["key"] === undefined ? otherwise.passphrase : null);
  const result = {
    verify: !context.insecure && verify,
    cert: readPem("cert", findCertificateFault),
    key: readPem("key", (pem) => findKeyFault(pem, passphrase, "give its `passphrase` beside it")),
    passphrase,
    ca: readPem("ca", findCertificateFault),
    minVersion: readVersion("min_version", otherwise.minVersion),
    maxVersion: readVersion("max_version", otherwise.maxVersion),
    ciphers: given("ciphers") ?? otherwise.ciphers,
    serverName: given("server_name") ?? otherwise.serverName,
  };
  if (Object.keys(tls).length > 0 && !isWrong) checkTls(result, context);
  return result;
}

/** Says what is wrong before anything is dialled: Node's TLS tells what does not fit together. */
function checkTls(tls: HttpTls, { report, warn }: Pick<SpecContext, "report" | "warn">): void {
  const { cert, key, passphrase, minVersion, maxVersion } = tls;
  if ((cert === null) !== (key === null)) {
    report(["tls"], "`cert` and `key` belong together; give both");
    return;
  }
  if (passphrase !== null && key === null) {
    report(["tls", "passphrase"], "there is no `key` that it opens");
    return;
  }
  if (
    minVersion !== null &&
    maxVersion !== null &&
    versionNames.indexOf(minVersion) > versionNames.indexOf(maxVersion)
  ) {
    report(["tls", "min_version"], `${minVersion} is newer than max_version, ${maxVersion}`);
    return;
  }
  const fields = listTlsFields(tls);
  if (Object.keys(fields).length === 0) return;
  try {
    (require("node:tls") as typeof Tls).createSecureContext(fields);
  } catch (error) {
    report(["tls"], describeMisfit(error));
    return;
  }
  if (cert === null) return;
  const { X509Certificate } = require("node:crypto") as typeof Crypto;
  const shown = new X509Certificate(cert);
  if (shown.validToDate.getTime() < Date.now())
    warn(["tls", "cert"], `the client's certificate expired on ${shown.validTo}; a server that checks it refuses it`);
}

function describeMisfit(error: unknown): string {
  const { code = "" } = error as NodeJS.ErrnoException;
  if (code === "ERR_OSSL_X509_KEY_VALUES_MISMATCH") return "`key` is not the key of `cert`";
  if (code === "ERR_SSL_NO_CIPHER_MATCH") return "`ciphers` names no cipher that there is; see `openssl ciphers`";
  return `the certificates cannot be used: ${explainOpenssl(error)}`;
}
