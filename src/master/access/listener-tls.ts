import { createSecureContext, type SecureContextOptions } from "node:tls";
import { EngineError } from "../../errors.ts";
import { explainOpenssl, findCertificateFault, findKeyFault, withoutPassphrase } from "../../protocol/pem.ts";
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
  for (const [name, fault] of [
    ["tls.cert", findCertificateFault(cert)],
    ["tls.key", findKeyFault(key, null, withoutPassphrase)],
    ["tls.ca", ca === null ? null : findCertificateFault(ca)],
  ] as const) {
    if (fault !== null) throw new EngineError("invalid_config", `${name} ${fault}`);
  }
  const context = { cert, key, ...(ca === null ? {} : { ca }), minVersion: "TLSv1.2" as const };
  try {
    createSecureContext(context);
  } catch (cause) {
    throw new EngineError("invalid_config", `tls.key is not the key of tls.cert: ${explainOpenssl(cause)}`, { cause });
  }
  return { ...context, requestCert: clientAuth !== "none", rejectUnauthorized: false };
}
