import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { EngineError } from "../../errors.ts";

/** Whether clients show a certificate: not asked for, checked where they do, required. */
export type ClientAuth = "none" | "optional" | "required";

/** The name in the certificate that a client has shown and `tls.ca` vouches for; null: none. Throws EngineError `unauthorized`. */
export function readCertificate(socket: Socket, clientAuth: ClientAuth): string | null {
  if (clientAuth === "none") return null;
  const certificate = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
  if (certificate === undefined || !(socket instanceof TLSSocket)) {
    if (clientAuth === "optional") return null;
    throw new EngineError("unauthorized", "this master answers only clients that show a certificate", {
      hint: "Give one with --cert and --key.",
    });
  }
  if (!socket.authorized) {
    const reason = explain(String(socket.authorizationError));
    throw new EngineError("unauthorized", `the certificate of the client ${reason}`, {
      hint: "Show one that the authority in the master's tls.ca has signed.",
    });
  }
  return /^CN=(.+)$/m.exec(certificate.subject)?.[1] ?? certificate.fingerprint256;
}

function explain(code: string): string {
  if (code.includes("CERT_HAS_EXPIRED")) return "has expired";
  if (code.includes("CERT_NOT_YET_VALID")) return "is not valid yet";
  return `is not of this master's authority (${code})`;
}
