import { X509Certificate } from "node:crypto";
import { createSecureContext, type SecureContextOptions } from "node:tls";
import { EngineError } from "../../errors.ts";
import type { ListenerTls } from "./settings.ts";

/** What Node's TLS server takes; a client's certificate is looked at by us, so that a wrong one gets an answer. */
export type ServerTls = SecureContextOptions & { readonly requestCert: boolean; readonly rejectUnauthorized: false };

/** Throws EngineError `invalid_config` for what is no certificate, no key, or not of one another. */
export function readServerTls({ cert, key, ca, clientAuth }: ListenerTls): ServerTls {
  if (clientAuth !== "none" && ca === null) {
    throw new EngineError(
      "invalid_config",
      `tls.client_auth is ${clientAuth}, and tls.ca does not say whose certificates count`,
    );
  }
  checkCertificate("tls.cert", cert);
  if (ca !== null) checkCertificate("tls.ca", ca);
  const context = { cert, key, ...(ca === null ? {} : { ca }), minVersion: "TLSv1.2" as const };
  try {
    createSecureContext(context);
  } catch (cause) {
    throw new EngineError("invalid_config", `tls.key is not the key of tls.cert: ${explain(cause)}`, { cause });
  }
  return { ...context, requestCert: clientAuth !== "none", rejectUnauthorized: false };
}

/** Node takes a text without a certificate for none. */
function checkCertificate(name: string, pem: string): void {
  try {
    new X509Certificate(pem);
  } catch (cause) {
    throw new EngineError("invalid_config", `${name} is no certificate in PEM: ${explain(cause)}`, { cause });
  }
}

/** OpenSSL's own wording begins with a number. */
function explain(cause: unknown): string {
  return (cause instanceof Error ? cause.message : String(cause)).replace(/^error:[0-9A-F]+:/i, "");
}
