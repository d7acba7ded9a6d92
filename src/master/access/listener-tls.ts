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
  const context = { cert, key, ...(ca === null ? {} : { ca }), minVersion: "TLSv1.2" as const };
  try {
    createSecureContext(context);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.replace(/^error:[0-9A-F]+:/i, "") : String(cause);
    throw new EngineError("invalid_config", `tls: the certificate and its key cannot be used: ${reason}`, { cause });
  }
  return { ...context, requestCert: clientAuth !== "none", rejectUnauthorized: false };
}
