import { expect, it } from "vitest";
import { createHostMap } from "./host-map.ts";

const hosts = {
  "Shop.test": "10.0.0.1",
  "shop.test:8443": "10.0.0.2:443",
  "six.test": "fe80::1",
  "sixport.test": "[fe80::1]:81",
  "name.test": "other.test",
};

it.each([
  ["a name to an address", "shop.test", 80, "10.0.0.1", 80],
  ["a name with its port first", "shop.test", 8443, "10.0.0.2", 443],
  ["to an IPv6 address", "six.test", 80, "fe80::1", 80],
  ["to an IPv6 address with a port", "sixport.test", 80, "fe80::1", 81],
  ["to another name", "name.test", 80, "other.test", 80],
  ["nothing else", "else.test", 80, "else.test", 80],
])("maps %s", (_name, host, port, toHost, toPort) => {
  const target = createHostMap(hosts)({ secure: false, host, port, key: "" });
  expect([target.host, target.port]).toEqual([toHost, toPort]);
});
