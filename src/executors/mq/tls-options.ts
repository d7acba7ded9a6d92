import { isIP } from "node:net";
import type { ConnectionOptions } from "node:tls";
import { loadTls } from "../../http/tls.ts";
import { listTlsFields } from "../../protocol/tls.ts";
import type { HttpTls } from "../../protocol/workflow.ts";

/** A step's TLS settings as Node takes them, for a server that is dialled as `host`. */
export function listTlsOptions(tls: HttpTls, host: string): ConnectionOptions {
  const name = tls.serverName ?? host;
  return {
    rejectUnauthorized: tls.verify,
    ...(isIP(name) === 0 ? { servername: name } : {}),
    // Drivers are given an address, and Node would look for that.
    checkServerIdentity: (_name, certificate) => loadTls().checkServerIdentity(name, certificate),
    ...listTlsFields(tls),
  };
}
