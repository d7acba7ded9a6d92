import { expect, test } from "vitest";
import { readHosts } from "./read-hosts.ts";

test.each([
  ["127.0.0.1", true],
  ["127.0.0.1:8080", true],
  ["::1", true],
  ["[::1]", true],
  ["[fe80::1]:443", true],
  ["shop_1.internal:65535", true],
  ["купи.test", true],
  ["${env.SHOP}:1", true],
  ["", false],
  ["not an address", false],
  ["127.0.0.1:0", false],
  ["127.0.0.1:65536", false],
  ["127.0.0.1:http", false],
  ["shop:", false],
  ["http://shop.test", false],
  ["shop.test/path", false],
  ["user@shop.test", false],
  ["[shop]:1", false],
])("hosts to %j: %s", (address, good) => {
  const said: string[] = [];
  const hosts = readHosts(
    { "*.test": address },
    { report: (path, message) => said.push(`${path.join(" ")}: ${message}`) },
  );
  expect(hosts).toEqual({ "*.test": address });
  const problem = `hosts *.test: \`${address}\` is no address; write one or a name, with \`:port\` or without`;
  expect(said).toEqual(good ? [] : [problem]);
});
