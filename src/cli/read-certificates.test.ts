import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { certificates } from "../../test/support/certificates.ts";
import { createFolder } from "../../test/support/workflows.ts";
import { readCertificates } from "./read-certificates.ts";

const { authority, server, slave } = certificates;
const nameField = (field: string): string => `--${field}`;

test("the texts of the files; what is not given stays absent", () => {
  const { ca, cert, key } = readCertificates({ ca: authority, ...slave }, nameField);
  for (const text of [ca, cert]) expect(text).toMatch(/^-----BEGIN CERTIFICATE-----/);
  expect(key).toMatch(/^-----BEGIN PRIVATE KEY-----/);
  expect(readCertificates({ ca: null, cert: null, key: null }, nameField)).toEqual({ ca: null, cert: null, key: null });
});

test("of a chain the first certificate is that of the key, as it is shown first", () => {
  const folder = createFolder();
  const chain = (...files: readonly string[]) => {
    const path = join(folder, `${files.length}.pem`);
    writeFileSync(path, files.map((file) => readFileSync(file, "utf8")).join(""));
    return path;
  };
  const right = { ca: null, cert: chain(slave.cert, authority), key: slave.key };
  expect(readCertificates(right, nameField).cert).toBe(readFileSync(right.cert, "utf8"));
  const turned = { ...right, cert: chain(authority, slave.cert, authority) };
  expect(() => readCertificates(turned, nameField)).toThrow("is not the key of the first certificate in");
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
  [
    { cert: server.cert, key: slave.key },
    `--key: ${slave.key} is not the key of the first certificate in ${server.cert} (--cert); give the two that were made together`,
  ],
])("%j is refused", (files, message) => {
  const all = { ca: undefined, cert: undefined, key: undefined, ...files };
  expect(() => readCertificates(all, nameField)).toThrow(expect.objectContaining({ code: "invalid_config", message }));
});
