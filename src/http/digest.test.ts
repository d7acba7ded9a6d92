import { expect, test } from "vitest";
import { answerChallenge, readChallenge } from "./digest.ts";

const nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
const opaque = "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS";
const challenge = (algorithm: string): string =>
  `Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=${algorithm}, nonce="${nonce}", opaque="${opaque}"`;
const user = { username: "Mufasa", password: "Circle of Life" };
const clientNonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";

test.each([
  ["MD5", "8ca523f5e9506fed4657c9700eebdbec"],
  ["SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"],
])("the example of RFC 7616 by %s", (algorithm, response) => {
  const asked = readChallenge([challenge(algorithm)]);
  if (asked === null) throw new Error("no challenge");
  const value = answerChallenge(asked, user, "GET", "/dir/index.html", clientNonce);
  expect(value).toContain(`response="${response}"`);
  expect(value).toContain(`algorithm=${algorithm}, opaque="${opaque}", qop=auth, nc=00000001, cnonce="${clientNonce}"`);
  expect(answerChallenge(asked, user, "GET", "/", clientNonce)).toContain("nc=00000002");
});

test("the strongest is taken, from several headers or one", () => {
  for (const values of [[challenge("MD5"), challenge("SHA-256")], [`${challenge("MD5")}, ${challenge("SHA-256")}`]]) {
    expect(readChallenge(values)?.algorithm).toBe("SHA-256");
  }
});

test.each([
  "",
  "Basic realm=x",
  "Digest realm=x",
  'Digest nonce="a", algorithm=SHA-1',
  'Digest nonce="a", qop="auth-int"',
  `Digest nonce="${"x".repeat(5000)}"`,
])("%.40s is nothing to answer", (value) => expect(readChallenge([value])).toBeNull());
