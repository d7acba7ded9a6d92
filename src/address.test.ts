import fc from "fast-check";
import { expect, test } from "vitest";
import { bareAddress, createAddressList, isLoopback, isPrivateAddress, parseRange, readNetwork64 } from "./address.ts";

test.each([
  ["10.0.0.0/8", "10.255.255.255", true],
  ["10.0.0.0/8", "11.0.0.0", false],
  ["10.0.0.0/8", "::ffff:10.1.2.3", true],
  ["10.0.0.0/8", "::ffff:a01:203", true],
  ["10.0.0.0/8", "0:0:0:0:0:FFFF:0A01:0203", true],
  ["::ffff:10.0.0.0/104", "10.9.9.9", true],
  ["::ffff:10.0.0.0/104", "11.9.9.9", false],
  ["192.0.2.7", "192.0.2.7", true],
  ["192.0.2.7", "192.0.2.8", false],
  ["0.0.0.0/0", "8.8.8.8", true],
  ["0.0.0.0/0", "::1", false],
  ["::/0", "2001:db8::1", true],
  ["2001:db8::/32", "2001:db8:ffff::1", true],
  ["2001:db8::/32", "2001:db9::1", false],
  ["fe80::/10", "fe80::1%eth0", true],
  ["10.0.0.0/8", "10.0.0.1:8080", true],
  ["fd00::/8", "[fd00::1]:8080", true],
  ["10.0.0.0/8", "localhost", false],
  ["10.0.0.0/8", "", false],
  ["10.0.0.0/8", "010.0.0.1", false],
])("%s holds %s: %s", (range, address, held) => {
  expect(createAddressList([range]).has(address)).toBe(held);
});

test.each(["", "10.0.0.0/33", "::/129", "10.0.0/8", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8/8", "host", "1.2.3.4/a"])(
  "%j is no range",
  (text) => {
    expect(parseRange(text)).toBeNull();
  },
);

test("an IPv4 range holds exactly the addresses whose first bits are its own, mapped or not", () => {
  const write = (value: number): string => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join(".");
  const word = fc.integer({ min: 0, max: 2 ** 32 - 1 });
  fc.assert(
    fc.property(word, word, fc.integer({ min: 0, max: 32 }), fc.boolean(), (network, flips, prefix, mapped) => {
      const mask = prefix === 0 ? 0 : (-1 << (32 - prefix)) >>> 0;
      // Half of them share the network's bits, else hardly any would.
      const address = mapped ? ((network & mask) | (flips & ~mask)) >>> 0 : flips;
      const held = createAddressList([`${write(network)}/${prefix}`]);
      const expected = (network & mask) >>> 0 === (address & mask) >>> 0;
      expect(held.has(write(address))).toBe(expected);
      expect(held.has(`::ffff:${(address >>> 16).toString(16)}:${(address & 0xffff).toString(16)}`)).toBe(expected);
    }),
  );
});

test.each([
  ["2001:db8:0:1::5", "2001:db8:0:1:0:0:0:0/64"],
  ["2001:DB8::1:ffff:0:0:5", "2001:db8:0:1:0:0:0:0/64"],
  ["2001:db8:0:1:0:0:10.0.0.1", "2001:db8:0:1:0:0:0:0/64"],
  ["1:2:3:4:5:6:7:8", "1:2:3:4:0:0:0:0/64"],
  ["fe80::1%eth0", "fe80:0:0:0:0:0:0:0/64"],
  ["1::", "1:0:0:0:0:0:0:0/64"],
  ["::1", "0:0:0:0:0:0:0:0/64"],
  ["::ffff:10.0.0.1", null],
  ["10.0.0.1", null],
  ["", null],
])("%s is in the network %s", (address, network) => {
  expect(readNetwork64(address)).toBe(network);
});

test("private and loopback addresses", () => {
  const privates = ["127.0.0.1", "::1", "10.1.2.3", "172.31.255.255", "::ffff:192.168.1.5", "fe80::1%eth0", "fd12::1"];
  expect(privates.map(isPrivateAddress)).toEqual(privates.map(() => true));
  const others = [
    "172.32.0.0",
    "8.8.8.8",
    "::ffff:8.8.8.8",
    "::ffff:808:808",
    "2001:4860::1",
    "",
    "unknown",
    "999.1.1.1",
  ];
  expect(others.map(isPrivateAddress)).toEqual(others.map(() => false));
  expect(
    ["localhost", "127.9.9.9", "::1", "[::1]:80", "::ffff:127.0.0.1", "0.0.0.0", "10.0.0.1"].map(isLoopback),
  ).toEqual([true, true, true, true, true, false, false]);
  expect(["[::1%eth0]:80", "10.0.0.1:80", " ::1 "].map(bareAddress)).toEqual(["::1", "10.0.0.1", "::1"]);
});
