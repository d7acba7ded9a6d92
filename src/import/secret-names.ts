const secretHeaders = /^(?:authorization|cookie|.*(?:api-?key|token|secret|password|signature))$/i;
const secretFields =
  /^(?:.*(?:password|passwd|passphrase|secret|api[-_]?key|private[-_]?key|access[-_]?key)|pwd|pass|sig|signature|(?:.*[-_])?token|.*Token|jwt|otp|pin|cvv|cvc)$/i;

/** Does a header of this name carry a secret? */
export function isSecretHeader(name: string): boolean {
  return secretHeaders.test(name);
}

/** Does a parameter, field or variable of this name carry a secret? */
export function isSecretField(name: string): boolean {
  return secretFields.test(name);
}
