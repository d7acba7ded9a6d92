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

test("what is no certificate is refused in words without OpenSSL's numbers", () => {
  const broken = "-----BEGIN CERTIFICATE-----\nbm9uZQ==\n-----END CERTIFICATE-----\n";
  const { said } = find({ cert: broken, key: server.key });
  expect(said).toHaveLength(1);
  expect(said[0]).toMatch(/^error tls: the certificates cannot be used: [a-z ]+$/);
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
