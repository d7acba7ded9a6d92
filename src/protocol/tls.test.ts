import { createPrivateKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { certificates } from "../../test/support/certificates.ts";
import type { JsonObject } from "./json.ts";
import { defaultTls, readTls } from "./tls.ts";

const read = (file: string) => readFileSync(file, "utf8");
const { server, expired, stranger, authority } = certificates;

function find(tls: JsonObject, insecure = false) {
  const said: string[] = [];
  const result = readTls(tls, defaultTls, {
    insecure,
    report: (path, message) => said.push(`error ${path.join(".")}: ${message}`),
    warn: (path, message) => said.push(`warning ${path.join(".")}: ${message}`),
    readFile: (_path, name) => read(name),
  });
  return { result, said };
}

test("everything that is given, files read", () => {
  const { result, said } = find({
    verify: true,
    cert: server.cert,
    key: read(server.key),
    ca: authority,
    min_version: 1.2,
    max_version: "1.3",
    ciphers: "ECDHE-RSA-AES128-GCM-SHA256:TLS_AES_128_GCM_SHA256",
    server_name: "shop.test",
  });
  expect(said).toEqual([]);
  expect(result).toEqual({
    verify: true,
    cert: read(server.cert),
    key: read(server.key),
    passphrase: null,
    ca: read(authority),
    minVersion: "TLSv1.2",
    maxVersion: "TLSv1.3",
    ciphers: "ECDHE-RSA-AES128-GCM-SHA256:TLS_AES_128_GCM_SHA256",
    serverName: "shop.test",
  });
});

test.each([
  [
    "a key of another certificate",
    { cert: server.cert, key: stranger.key },
    ["error tls: `key` is not the key of `cert`"],
  ],
  ["a certificate alone", { cert: server.cert }, ["error tls: `cert` and `key` belong together; give both"]],
  ["a key alone", { key: server.key }, ["error tls: `cert` and `key` belong together; give both"]],
  ["a passphrase alone", { passphrase: "x" }, ["error tls.passphrase: there is no `key` that it opens"]],
  [
    "versions that leave none",
    { min_version: "1.3", max_version: "1.2" },
    ["error tls.min_version: TLSv1.3 is newer than max_version, TLSv1.2"],
  ],
  [
    "no cipher that there is",
    { ciphers: "NONE-SUCH" },
    ["error tls: `ciphers` names no cipher that there is; see `openssl ciphers`"],
  ],
])("%s is refused", (_name, tls, said) => {
  expect(find(tls).said).toEqual(said);
});

const broken = "-----BEGIN CERTIFICATE-----\nbm9uZQ==\n-----END CERTIFICATE-----\n";
const wanted = "certificates are wanted (-----BEGIN CERTIFICATE-----)";

test.each([
  ["a private key as `ca`", { ca: server.key }, `tls.ca: \`${server.key}\` holds a private key; ${wanted}`],
  ["the text of one", { ca: read(server.key) }, `tls.ca: \`ca\` holds a private key; ${wanted}`],
  ["no PEM at all", { ca: "package.json" }, `tls.ca: \`package.json\` holds no PEM text (-----BEGIN …); ${wanted}`],
  ["an empty file", { ca: "/dev/null" }, `tls.ca: \`/dev/null\` holds nothing; ${wanted}`],
  [
    "a request for a certificate",
    { ca: "-----BEGIN CERTIFICATE REQUEST-----\n" },
    `tls.ca: \`ca\` holds a request for a certificate; ${wanted}`,
  ],
  [
    "a certificate as `key`",
    { cert: server.cert, key: authority },
    `tls.key: \`${authority}\` holds a certificate; a private key is wanted (-----BEGIN PRIVATE KEY-----)`,
  ],
])("%s is refused with what was found and what is wanted", (_name, tls, said) => {
  expect(find(tls).said).toEqual([`error ${said}`]);
});

test.each([
  ["cert", { cert: broken, key: server.key }, 1, 1],
  ["ca", { ca: `${read(authority)}${broken}` }, 2, 2],
])("a broken certificate in `%s` is refused in words without OpenSSL's numbers", (field, tls, number, count) => {
  const { said } = find(tls);
  expect(said).toHaveLength(1);
  expect(said[0]).toMatch(
    new RegExp(
      `^error tls\\.${field}: \`${field}\` holds a certificate that cannot be read, number ${number} of ${count}: [a-z ]+$`,
    ),
  );
});

test("a certificate and a key in one text serve for both, and a certificate of it for an authority", () => {
  const both = `${read(server.key)}${read(server.cert)}`;
  expect(find({ cert: both, key: both, ca: both }).said).toEqual([]);
});

test.each(["pkcs8", "sec1"] as const)("an encrypted key, %s, is opened by `passphrase`", (type) => {
  const key = createPrivateKey(read(server.key)).export({
    type,
    format: "pem",
    cipher: "aes-256-cbc",
    passphrase: "geheim",
  });
  const { cert } = server;
  const given = find({ cert, key: String(key), passphrase: "geheim" });
  expect(given).toMatchObject({ said: [], result: { passphrase: "geheim" } });
  const without = find({ cert, key: String(key) });
  expect(without.said).toEqual(["error tls.key: `key` is encrypted; give its `passphrase` beside it"]);
  for (const passphrase of ["wrong", ""]) {
    const { said } = find({ cert, key: String(key), passphrase });
    expect(said).toEqual(["error tls.key: `key` is encrypted, and `passphrase` does not open it"]);
  }
});

test("a client's certificate that has expired is doubtful: a server may want to be tested with it", () => {
  const { said, result } = find({ cert: expired.cert, key: expired.key });
  expect(result.cert).not.toBe(null);
  expect(said).toHaveLength(1);
  expect(said[0]).toMatch(
    /^warning tls\.cert: the client's certificate expired on .+; a server that checks it refuses it$/,
  );
});

test("`--insecure` verifies nothing", () => {
  expect(find({ verify: true }, true).result.verify).toBe(false);
});
