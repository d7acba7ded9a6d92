import { expect, test } from "vitest";
import { createTargetRule } from "./target-rule.ts";

const byDeniedName = "slave.targets.deny has its name";
const byDeniedAddress = "slave.targets.deny has its address";
const notAllowed = "slave.targets.allow has neither its address nor its name";

test.each([
  ["a denied range", [], ["10.0.0.0/8"], "shop.test", "10.1.2.3", byDeniedAddress],
  ["a denied range as a mapped address", [], ["10.0.0.0/8"], "shop.test", "::ffff:a01:203", byDeniedAddress],
  ["another address", [], ["10.0.0.0/8"], "shop.test", "192.0.2.1", null],
  ["the unspecified address, which is this machine", [], ["127.0.0.0/8"], "0.0.0.0", "0.0.0.0", byDeniedAddress],
  ["the unspecified mapped address", [], ["127.0.0.0/8"], "x", "::ffff:0:0", byDeniedAddress],
  ["the unspecified IPv6 address", [], ["::1"], "::", "::", byDeniedAddress],
  ["a denied name before its look-up", [], ["Prod.example"], "prod.EXAMPLE", "", byDeniedName],
  ["a denied name with its dot", [], ["prod.example"], "prod.example.", "", byDeniedName],
  ["a name below a denied one", [], ["*.prod.example"], "a.b.prod.example", "", byDeniedName],
  ["a name that only ends alike", [], ["*.prod.example"], "myprod.example", "", null],
  ["a name whose wildcard is not itself", [], ["*.prod.example"], "prod.example", "", null],
  ["an allowed range", ["192.0.2.0/24"], [], "shop.test", "192.0.2.9", null],
  ["a name before its look-up, where ranges decide", ["192.0.2.0/24"], [], "shop.test", "", null],
  ["what is not allowed", ["192.0.2.0/24"], [], "shop.test", "198.51.100.1", notAllowed],
  ["an allowed name", ["*.shop.test"], [], "eu.shop.test", "198.51.100.1", null],
  ["an allowed name that turns private", ["*.shop.test"], ["10.0.0.0/8"], "eu.shop.test", "10.0.0.5", byDeniedAddress],
  ["deny before allow", ["10.0.0.0/8"], ["10.9.0.0/16"], "x", "10.9.1.1", byDeniedAddress],
  ["a name that is denied with its dot", [], ["prod.example."], "prod.example", "", byDeniedName],
  ["a socket of this machine", [], ["10.0.0.0/8"], "/run/x.sock", "", null],
  [
    "a socket among others of a denied folder",
    [],
    ["/run/*"],
    "/run/docker/x.sock",
    "",
    "slave.targets.deny has its path",
  ],
  ["a socket beside a denied folder", [], ["/run/*"], "/running.sock", "", null],
  ["every socket", [], ["/*"], "/tmp/x.sock", "", "slave.targets.deny has its path"],
  ["a socket that is allowed", ["/run/x.sock"], [], "/run/x.sock", "", null],
  [
    "a socket where addresses alone are allowed",
    ["0.0.0.0/0"],
    [],
    "/run/x.sock",
    "",
    "slave.targets.allow has not its path",
  ],
  ["an address as its own name", ["*.0.0.1"], [], "127.0.0.1", "127.0.0.1", notAllowed],
])("%s", (_name, allow, deny, host, address, answer) => {
  expect(createTargetRule({ allow, deny })(host, address)).toBe(answer);
});
