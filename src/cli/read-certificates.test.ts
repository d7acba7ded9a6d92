import { expect, test } from "vitest";
import { certificates } from "../../test/support/certificates.ts";
import { readCertificates } from "./read-certificates.ts";

const { authority, slave } = certificates;
const nameField = (field: string): string => `--${field}`;

test("the texts of the files; what is not given stays absent", () => {
  const { ca, cert, key } = readCertificates({ ca: authority, ...slave }, nameField);
  for (const text of [ca, cert]) expect(text).toMatch(/^-----BEGIN CERTIFICATE-----/);
  expect(key).toMatch(/^-----BEGIN PRIVATE KEY-----/);
  expect(readCertificates({ ca: null, cert: null, key: null }, nameField)).toEqual({ ca: null, cert: null, key: null });
});

test.each([
  [{ ca: slave.key }, `--ca: ${slave.key} holds a private key; certificates are wanted (-----BEGIN CERTIFICATE-----)`],
  [
    { cert: "package.json", key: slave.key },
    "--cert: package.json holds no PEM text (-----BEGIN …); certificates are wanted (-----BEGIN CERTIFICATE-----)",
  ],
  [
    { cert: slave.cert, key: slave.cert },
    `--key: ${slave.cert} holds a certificate; a private key is wanted (-----BEGIN PRIVATE KEY-----)`,
  ],
])("%j is refused", (files, message) => {
  const all = { ca: undefined, cert: undefined, key: undefined, ...files };
  expect(() => readCertificates(all, nameField)).toThrow(expect.objectContaining({ code: "invalid_config", message }));
});
