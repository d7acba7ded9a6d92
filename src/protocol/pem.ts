import type * as Crypto from "node:crypto";
import { createRequire } from "node:module";

// Loaded where certificates are given: they are a good part of the start of a run that needs none.
const require = createRequire(import.meta.url);

const certificateBlock = /-----BEGIN ((?:X509 |TRUSTED )?CERTIFICATE)-----[^]*?(?:-----END \1-----|$)/g;

/** What is to be done about an encrypted key where no passphrase can be given. */
export const withoutPassphrase =
  "a node has no field for its passphrase: write it without one (openssl pkey -in KEY -out PLAIN), readable by its user alone";

/**
 * What is wrong with a text that should hold certificates in PEM, as the rest of a sentence that begins with its name:
 * `holds …`; null: nothing. Node takes a text without a certificate for none, and one that is broken for the last.
 */
export function findCertificateFault(pem: string): string | null {
  const blocks = pem.match(certificateBlock) ?? [];
  if (blocks.length === 0) return `holds ${nameContent(pem)}; certificates are wanted (-----BEGIN CERTIFICATE-----)`;
  const { X509Certificate } = require("node:crypto") as typeof Crypto;
  for (const [at, block] of blocks.entries()) {
    try {
      new X509Certificate(block);
    } catch (error) {
      return `holds a certificate that cannot be read, number ${at + 1} of ${blocks.length}: ${explainOpenssl(error)}`;
    }
  }
  return null;
}

/**
 * The same of a text that should hold a private key; `passphrase` null: none is given. `open` says what is to be done
 * about a key that is encrypted.
 */
export function findKeyFault(pem: string, passphrase: string | null, open: string): string | null {
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem))
    return `holds ${nameContent(pem)}; a private key is wanted (-----BEGIN PRIVATE KEY-----)`;
  const encrypted = /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(pem);
  if (encrypted && passphrase === null) return `is encrypted; ${open}`;
  const { createPrivateKey } = require("node:crypto") as typeof Crypto;
  try {
    createPrivateKey({ key: pem, ...(passphrase === null ? {} : { passphrase }) });
    return null;
  } catch (error) {
    // What OpenSSL says of a wrong passphrase depends on what it decrypts to.
    return encrypted
      ? "is encrypted, and `passphrase` does not open it"
      : `holds a private key that cannot be read: ${explainOpenssl(error)}`;
  }
}

/** Is this private key, in PEM without a passphrase, that of the first certificate of the text? Both can be read. */
export function isKeyOf(key: string, certificates: string): boolean {
  const { X509Certificate, createPrivateKey } = require("node:crypto") as typeof Crypto;
  const [shown = ""] = certificates.match(certificateBlock) ?? [];
  return new X509Certificate(shown).checkPrivateKey(createPrivateKey(key));
}

/** OpenSSL's own wording without its numbers: `error:0480006C:PEM routines::no start line`. */
export function explainOpenssl(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("::").at(-1) ?? "";
}

function nameContent(pem: string): string {
  const labels = Array.from(pem.matchAll(/-----BEGIN ([^-\n]+)-----/g), ([, label = ""]) => nameBlock(label));
  if (labels.length > 0) return Array.from(new Set(labels)).join(" and ");
  return pem.trim() === "" ? "nothing" : "no PEM text (-----BEGIN …)";
}

function nameBlock(label: string): string {
  if (label.endsWith("PRIVATE KEY")) return "a private key";
  if (label.endsWith("PUBLIC KEY")) return "a public key";
  if (label.endsWith("CERTIFICATE REQUEST")) return "a request for a certificate";
  return label.endsWith("CERTIFICATE") ? "a certificate" : `a block of ${label}`;
}
