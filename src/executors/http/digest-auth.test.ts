import { createHash } from "node:crypto";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createHttpSteps, type HttpSteps, type HttpTarget, startHttpTarget } from "../../../test/support/http-steps.ts";

const sha = (text: string): string => createHash("sha256").update(text).digest("hex");
let nonce: string;
let counts: string[];
let target: HttpTarget;
let steps: HttpSteps;

/** A server that knows anna, and takes each count of a nonce once. */
beforeEach(async () => {
  nonce = "n1";
  counts = [];
  target = await startHttpTarget(({ method, headers }, response) => {
    const field = (name: string): string =>
      new RegExp(`\\b${name}="?([^",]*)`).exec(headers.authorization ?? "")?.[1] ?? "";
    const key = sha(`anna:here:geheim`);
    const count = field("nc");
    const asked = sha(`${method}:${field("uri")}`);
    const right = sha(`${key}:${nonce}:${count}:${field("cnonce")}:auth:${asked}`);
    if (field("response") === right && !counts.includes(`${nonce} ${count}`)) {
      counts.push(`${nonce} ${count}`);
      response.end(field("uri"));
      return;
    }
    const challenge = `Digest realm="here", qop="auth", algorithm=SHA-256, nonce="${nonce}"`;
    response.writeHead(401, { "www-authenticate": ["Basic realm=x", challenge] }).end("who");
  });
  steps = createHttpSteps({ baseUrl: target.url });
});

afterEach(async () => {
  await steps.close();
  await target.close();
});

const anna = { username: "${user}", password: "geheim" };

test("one 401, then the nonce serves the VU with a count; a new nonce is taken up", async () => {
  const vu = steps.createVu();
  vu.variables.set("user", "anna");
  const operation = steps.compile({
    method: "POST",
    url: "/a?b=c",
    digest: anna,
    body: { kind: "text", text: "data" },
  });
  const run = async () => operation(vu, Number.POSITIVE_INFINITY);
  expect([(await run()).text(), (await run()).failure]).toEqual(["/a?b=c", null]);
  nonce = "n2";
  expect((await run()).statusCode).toBe(200);
  expect(counts).toEqual(["n1 00000001", "n1 00000002", "n2 00000001"]);
  expect(target.seen.map(({ headers, body }) => [headers.authorization !== undefined, body])).toEqual([
    [false, "data"],
    [true, "data"],
    [true, "data"],
    [true, "data"],
    [true, "data"],
  ]);
  const failed = steps.cut().filter(({ key }) => key.metric === "http_req_failed");
  expect(failed.map(({ key }) => [key.tags["status"], key.tags["expected_response"]]).toSorted()).toEqual([
    ["200", "true"],
    ["401", "true"],
  ]);
});

test("a name with a line break fails the step, and nothing is sent", async () => {
  const vu = steps.createVu();
  vu.variables.set("user", "a\r\nx: y");
  const result = await steps.run({ digest: anna }, { vu });
  expect([result.failure?.code, target.seen.length]).toEqual(["template", 0]);
});

test("a wrong password is a failed step after two requests, not a loop", async () => {
  const vu = steps.createVu();
  vu.variables.set("user", "anna");
  const result = await steps.run({ digest: { ...anna, password: "wrong" } }, { vu });
  expect([result.failure?.code, target.seen.length]).toEqual(["http_401", 2]);
  const again = await steps.run({ digest: { ...anna, password: "wrong" } }, { vu });
  expect([again.failure?.code, target.seen.length]).toEqual(["http_401", 3]);
});
