/** Numbers that tell how an exchange failed: k6's, so that its users read them at a glance. */
export const codes = {
  /** Everything without a number of its own: no HTTP, a cut-off answer, a limit, an interruption. */
  other: 1000,
  timeout: 1050,
  dns: 1100,
  noSuchHost: 1101,
  blockedAddress: 1110,
  blockedHost: 1111,
  tcp: 1200,
  brokenPipe: 1201,
  dial: 1210,
  dialTimeout: 1211,
  dialRefused: 1212,
  reset: 1220,
  /** Not k6's, which has none: a proxy did not open the way. */
  proxy: 1230,
  tls: 1300,
  untrustedCertificate: 1310,
  wrongCertificateHost: 1311,
  http2: 1600,
} as const;

/** The words of a system error, as far as Node fills them in. */
export interface SystemError {
  readonly code?: string | undefined;
  readonly errno?: number | undefined;
  readonly message: string;
}

const untrusted: ReadonlySet<string> = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "CERT_UNTRUSTED",
  "INVALID_CA",
]);

/** The code of a failed name look-up. */
export function codeOfLookup(error: SystemError): number {
  return error.code === "ENOTFOUND" ? codes.noSuchHost : codes.dns;
}

/** The code of a connection attempt that ended before TCP was up. */
export function codeOfDial(error: SystemError): number {
  switch (error.code) {
    case "ECONNREFUSED":
      return codes.dialRefused;
    case "ETIMEDOUT":
      return codes.dialTimeout;
    case "ECONNRESET":
      return codes.reset;
    default:
      return codes.dial;
  }
}

/** Words for a connection attempt that ended before TCP was up. `source`: the address it was to come from. */
export function describeDial(error: SystemError, name: string, source: string | undefined): string {
  if (error.code === "ECONNREFUSED") return `connection to ${name} refused`;
  if (error.code === "EADDRNOTAVAIL" && source !== undefined) {
    return `connection to ${name} from ${source} failed: EADDRNOTAVAIL; this machine has no such address, or no free port is left on it`;
  }
  if (error.code === "EADDRNOTAVAIL") {
    return `connection to ${name} failed: EADDRNOTAVAIL; no free port is left on this machine: keep connections, or give more source addresses with options.http.ip or --local-ips`;
  }
  return `connection to ${name} failed: ${error.code ?? error.message}`;
}

/** The code of a failed TLS handshake. */
export function codeOfHandshake(error: SystemError & { readonly syscall?: string | undefined }): number {
  if (error.code === undefined) return codes.tls;
  if (untrusted.has(error.code)) return codes.untrustedCertificate;
  if (error.code === "ERR_TLS_CERT_ALTNAME_INVALID" || error.code === "HOSTNAME_MISMATCH") {
    return codes.wrongCertificateHost;
  }
  // Node words a closed connection as ECONNRESET too, but without a system call.
  if (error.code === "ECONNRESET" && error.syscall !== undefined) return codes.reset;
  return codes.tls;
}

/** What a failed TLS handshake says to people. OpenSSL's own wording carries addresses in memory and lines of its source. */
export function describeHandshake(error: SystemError & { readonly reason?: string | undefined }): string {
  if (codeOfHandshake(error) === codes.untrustedCertificate) {
    const [cause] = error.message.split(";");
    return `${cause}; name the authority in tls.ca, or switch verification off with tls.verify: false or --insecure`;
  }
  if (error.code?.startsWith("ERR_SSL_") === true && error.reason !== undefined) return error.reason;
  return error.message;
}

/** The code of a connection that broke while in use. */
export function codeOfBreak(error: SystemError): number {
  switch (error.code) {
    case "ECONNRESET":
      return codes.reset;
    case "EPIPE":
      return codes.brokenPipe;
    case "ETIMEDOUT":
      return codes.timeout;
    default:
      return error.code !== undefined && error.code.startsWith("ERR_SSL") ? codes.tls : codes.tcp;
  }
}

/** Words for a connection that broke while in use. */
export function describeBreak(error: SystemError, name: string): string {
  if (error.code === "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED") {
    return `${name} asks for a client certificate; give tls.cert and tls.key`;
  }
  if (codeOfBreak(error) === codes.reset) return `connection to ${name} reset`;
  return `connection to ${name} broken: ${error.code ?? error.message}`;
}
