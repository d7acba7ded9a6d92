import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { httpDefaults } from "../../../test/support/workflow-fixtures.ts";
import { createHttpSteps, type HttpSteps } from "../../../test/support/http-steps.ts";

const read = (name: string) => readFileSync(new URL(`../../../test/support/tls/${name}`, import.meta.url), "utf8");
const cert = read("localhost.cert.pem");
const server = createServer({ cert, key: read("localhost.key.pem") }, (_request, response) => response.end("safe"));
let steps: HttpSteps;
let url: string;

beforeEach(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `https://localhost:${(server.address() as AddressInfo).port}/`;
  steps = createHttpSteps({ hosts: { localhost: "127.0.0.1" } });
});

afterEach(async () => {
  await steps.close();
  const closed = once(server, "close");
  server.close();
  server.closeAllConnections();
  await closed;
});

const tls = httpDefaults.tls;

test("a certificate that nobody vouches for fails the step with 1310", async () => {
  const result = await steps.run({ url, tls });
  expect(result.failure?.code).toBe("1310");
});

test("each step has its own trust; the version is a tag", async () => {
  const vu = steps.createVu();
  const trusted = await steps.run({ url, tls: { ...tls, ca: cert } }, { vu });
  const unchecked = await steps.run({ url, tls: { ...tls, verify: false } }, { vu });
  expect([trusted.failure, trusted.text(), unchecked.failure, unchecked.text()]).toEqual([null, "safe", null, "safe"]);
  const requests = steps.cut().filter(({ key }) => key.metric === "http_reqs");
  expect(requests).toMatchObject([{ sum: 2, key: { tags: { tls_version: "tls1.3", proto: "HTTP/1.1" } } }]);
});
