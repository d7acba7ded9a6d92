import { X509Certificate } from "node:crypto";
import type { Duplex } from "node:stream";
import { TLSSocket } from "node:tls";
import { EngineError } from "../../errors.ts";

/** Whether clients show a certificate: not asked for, checked where they do, required. */
export type ClientAuth = "none" | "optional" | "required";

/** Whose certificates count. */
export interface Authority {
  /** A handshake ended under the authority as it is now. */
  greet(socket: Duplex): void;
  /** `ca`: certificates in PEM; null: nobody's count. */
  replace(ca: string | null): void;
  /**
   * Does it count what was shown on this connection? True without a certificate, and what the handshake made of one stands
   * until the authority is replaced. From then on it has to be signed by the new one itself: who has intermediates between
   * makes a new connection.
   */
  vouchesFor(socket: Duplex): boolean;
}

export function createAuthority(): Authority {
  let roots: readonly X509Certificate[] = [];
  let current: string | null = null;
  let judged = new WeakMap<Duplex, boolean>();
  return {
    greet: (socket) => void judged.set(socket, true),
    replace(ca) {
      if (ca === current) return;
      current = ca;
      const blocks = ca?.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
      roots = blocks.map((pem) => new X509Certificate(pem));
      judged = new WeakMap();
    },
    vouchesFor(socket) {
      const known = judged.get(socket);
      if (known !== undefined) return known;
      const certificate = getCertificate(socket);
      const vouches = certificate === undefined || roots.some((root) => isIssued(certificate, root));
      judged.set(socket, vouches);
      return vouches;
    },
  };
}

function isIssued(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function getCertificate(socket: Duplex): X509Certificate | undefined {
  return socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
}

/** The name in the certificate that a client has shown and `tls.ca` vouches for; null: none. Throws EngineError `unauthorized`. */
export function readCertificate(socket: Duplex, clientAuth: ClientAuth, authority: Authority): string | null {
  if (clientAuth === "none") return null;
  const certificate = getCertificate(socket);
  if (certificate === undefined || !(socket instanceof TLSSocket)) {
    if (clientAuth === "optional") return null;
    throw new EngineError("unauthorized", "this master answers only clients that show a certificate", {
      hint: "Give one with --cert and --key.",
    });
  }
  if (!socket.authorized) {
    throw describeWrong(explain(String(socket.authorizationError)));
  }
  if (!authority.vouchesFor(socket)) throw describeWrong("is not of this master's authority any more");
  return /^CN=(.+)$/m.exec(certificate.subject)?.[1] ?? certificate.fingerprint256;
}

function describeWrong(reason: string): EngineError {
  return new EngineError("unauthorized", `the certificate of the client ${reason}`, {
    hint: "Show one that the authority in the master's tls.ca has signed.",
  });
}

function explain(code: string): string {
  if (code.includes("CERT_HAS_EXPIRED")) return "has expired";
  if (code.includes("CERT_NOT_YET_VALID")) return "is not valid yet";
  return `is not of this master's authority (${code})`;
}
