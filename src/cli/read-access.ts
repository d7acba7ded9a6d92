import type { Configuration } from "../config/configuration.ts";
import { checkAccess } from "../master/access/check-access.ts";
import { type AccessSettings, openAccess } from "../master/access/settings.ts";
import { readCertificates } from "./read-certificates.ts";

/**
 * Who may speak to a master, by its configuration; certificates are read from their files. Throws EngineError
 * `unreadable_file`, `invalid_config`.
 */
export function readAccess({ auth, access, tls }: Configuration): AccessSettings {
  const { cert, key, ca } = readCertificates(tls, (field) => `tls.${field}`);
  const settings: AccessSettings = {
    ...openAccess,
    keys: auth.enabled ? auth.apiKeys : null,
    addresses: access,
    tls: cert === null || key === null ? null : { cert, key, ca, clientAuth: tls.clientAuth },
  };
  checkAccess(settings);
  return settings;
}
