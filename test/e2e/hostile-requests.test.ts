import fc, { type Arbitrary } from "fast-check";
import { request as startRequest } from "node:http";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { createJsonSchema } from "../../src/definition/json-schema.ts";
import { createRouteMatcher } from "../../src/master/api/match-route.ts";
import type { JsonObject } from "../../src/protocol/json.ts";
import { routes } from "../../src/master/api/routes.ts";
import type { Operation } from "../../src/master/api/document/open-api.ts";
import { apiDocument, checkAnswer, type SeenAnswer } from "../support/check-answer.ts";
import { type Cluster, startCluster } from "../support/cluster.ts";
import { mangledJson, wildJson } from "../support/mangled-value.ts";

interface HostileRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | null;
}

const { schemas } = apiDocument.components;
const mediaTypes = [
  "application/json",
  "application/json; charset=utf-8",
  "application/json; charset=latin1",
  "application/yaml",
  "text/yaml",
  "text/plain",
  "application/x-www-form-urlencoded",
  "application/octet-stream",
  "multipart/form-data",
  "multipart/form-data; boundary=x",
  "application/jsonx",
  "json",
  ";",
  "*/*",
];

/** Sent as it is: what `fetch` would put right is what this is about. */
async function send(url: string, { method, path, headers, body }: HostileRequest): Promise<SeenAnswer> {
  const answered = Promise.withResolvers<SeenAnswer>();
  const sent = startRequest(url, { method, path, headers, agent: false, timeout: 10_000 }, (response) => {
    text(response).then((read) => {
      const type = response.headers["content-type"] ?? "";
      const isJson = type.startsWith("application/json");
      answered.resolve({ status: response.statusCode ?? 0, type, body: isJson ? JSON.parse(read) : read });
    }, answered.reject);
  });
  sent.on("error", answered.reject);
  sent.end(body ?? undefined);
  return answered.promise;
}

const oddIds = [
  "latest",
  "a",
  "nobody",
  "validate",
  "%00",
  "%ff",
  "%zz",
  "..",
  "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
  "__proto__",
  "constructor",
  "%E5%8E%8B%E6%B5%8B",
  "x".repeat(256),
  "x".repeat(300),
  "a b".replace(" ", "%20"),
  "'; DROP TABLE execution;--".replaceAll(" ", "%20"),
  "*",
  "a%0d%0aSet-Cookie:x=1",
];

const steps = [{ type: "sleep", config: { duration: "1ms" } }];
const small = { id: "over", options: { iterations: 1 }, steps };
const nearlyRight = [
  { workflow: small },
  small,
  { workflow: small, tags: { "": "空" } },
  { workflow: { ...small, options: { vus: 10_000_000, duration: "1000d" } } },
  { workflow: small, options: { iterations: 1e300 } },
  { workflow: { ...small, id: "../x" } },
  { workflow: { ...small, name: "\u0000\u202e" } },
].map((body) => JSON.stringify(body));

/** Forms with parts that are missing, twice, unnamed, cut off, or named like paths. */
const forms = fc
  .array(
    fc.record({
      name: fc.constantFrom("workflow", "files", "tags", "queue", "nope", "", "__proto__"),
      file: fc.constantFrom(
        null,
        "a.csv",
        "../../etc/passwd",
        "/etc/passwd",
        "",
        "数据.csv",
        "a\u0000b",
        "x".repeat(5_000),
      ),
      value: fc.oneof(fc.constantFrom(...nearlyRight, JSON.stringify(small), "true", ""), wildJson()),
      end: fc.constantFrom("\r\n", "\r\n", "\n", ""),
    }),
    { maxLength: 4 },
  )
  .map((parts) => {
    const head = (name: string, file: string | null) =>
      `--x\r\ncontent-disposition: form-data; name="${name}"${file === null ? "" : `; filename="${file}"`}\r\n\r\n`;
    return `${parts.map(({ name, file, value, end }) => head(name, file) + value + end).join("")}--x--\r\n`;
  });

function describeRequests(path: string, method: string, operation: Operation): Arbitrary<HostileRequest> {
  const ids = fc.oneof(fc.constantFrom(...oddIds), fc.string({ unit: "grapheme", minLength: 1 }).map(encodeWell));
  const query = operation.parameters.filter((each) => each.in === "query");
  const parameters = query.map(({ name, schema }) =>
    fc
      .option(mangledJson(schema, schemas), { freq: 2, nil: null })
      .map((value) => (value === null ? [] : [`${name}=${encodeWell(value.replace(/^"|"$/g, "").slice(0, 2_000))}`])),
  );
  const odd = fc.constantFrom([], [], [], ["nope=1"], ["limit=1", "limit=2"], ["="], ["%zz"], ["__proto__=1"], ["&&&"]);
  const content = Object.values(operation.requestBody?.content ?? {}).map(({ schema }) => mangledJson(schema, schemas));
  if (content.length > 1) content.push(fc.constantFrom(...nearlyRight), forms);
  const bodies = fc.oneof(
    ...content.map((arbitrary) => ({ arbitrary: arbitrary.map((json) => Buffer.from(json)), weight: 6 })),
    { arbitrary: wildJson().map((json) => Buffer.from(json)), weight: 2 },
    { arbitrary: wildJson().map((json) => Buffer.from(json.slice(0, -1))), weight: 1 },
    { arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)), weight: 1 },
    { arbitrary: fc.constant(null), weight: 1 },
  );
  const types = fc.oneof(
    { arbitrary: fc.constantFrom("application/json"), weight: 6 },
    { arbitrary: fc.constantFrom("multipart/form-data; boundary=x"), weight: content.length > 1 ? 3 : 0 },
    { arbitrary: fc.constantFrom(...mediaTypes, null), weight: 2 },
  );
  const keys = fc.option(fc.constantFrom("k", "", " ", "a b", "x".repeat(300), "~!@#"), { nil: null, freq: 3 });
  return fc
    .record({ ids, parameters: fc.tuple(...parameters), odd, body: bodies, type: types, key: keys })
    .map(({ ids: id, parameters: given, odd: more, body, type, key }) => {
      const asked = [...given.flat(), ...more].join("&");
      const filled = path.replace(/\{\w+\}/g, () => id);
      const sends = method !== "GET" && body !== null;
      return {
        method,
        path: asked === "" ? filled : `${filled}?${asked}`,
        headers: {
          ...(sends && type !== null ? { "content-type": type } : {}),
          ...(sends ? { "content-length": String(body.length) } : {}),
          ...(key === null ? {} : { "idempotency-key": key }),
        },
        body: sends ? body : null,
      };
    });
}

/** Half of a character cannot be encoded. */
function encodeWell(value: string): string {
  return encodeURIComponent(value.toWellFormed());
}

const operations = Object.entries(apiDocument.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
);

/** With an execution that runs, one that has ended, and a slave, so that requests find something. */
async function startTarget(): Promise<Cluster> {
  const cluster = await startCluster();
  await cluster.addSlave("a", { maxVus: 5 });
  await cluster.finish(await cluster.submit(small));
  await cluster.submit({
    id: "live",
    options: { mode: "externally-controlled", vus: 1, max_vus: 2, duration: "1m" },
    steps,
  });
  return cluster;
}

test("whatever is sent gets a documented answer, and never a 500", { timeout: 300_000 }, async () => {
  const cluster = await startTarget();
  const statuses = new Map<number, number>();
  for (const { path, method, operation } of operations) {
    await fc.assert(
      fc.asyncProperty(describeRequests(path, method, operation), async (request) => {
        const answer = await send(cluster.url, request);
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
        expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(500);
        checkAnswer(method, request.path, answer);
      }),
      { numRuns: 60, endOnFailure: true },
    );
  }
  // It was not all refused at the door, nor all let in.
  expect([...statuses.keys()]).toEqual(expect.arrayContaining([200, 400, 404, 415]));
  expect((await cluster.call("GET", "/health")).status).toBe(200);
  expect(cluster.master.shown()).not.toMatch(/ failed: |"level":"error"|internal_error/);
});

test("workflows made from the published schema are judged, not stumbled over", { timeout: 300_000 }, async () => {
  const { url, master } = await startCluster();
  const schema = createJsonSchema();
  const workflows = mangledJson(schema, schema["$defs"] as Readonly<Record<string, JsonObject>>);
  const headers = { "content-type": "application/json" };
  await fc.assert(
    fc.asyncProperty(workflows, async (workflow) => {
      const path = "/api/v1/workflows/validate";
      const answer = await send(url, { method: "POST", path, headers, body: Buffer.from(workflow) });
      checkAnswer("POST", path, answer);
      expect([200, 400], JSON.stringify(answer.body)).toContain(answer.status);
    }),
    { numRuns: 200, endOnFailure: true },
  );
  expect(master.shown()).not.toMatch(/ failed: |internal_error/);
});

test("methods that a path does not take are told those that it does", { timeout: 180_000 }, async () => {
  const { url } = await startCluster();
  const match = createRouteMatcher(routes);
  for (const path of Object.keys(apiDocument.paths).map((each) => each.replace(/\{\w+\}/g, "x"))) {
    const taken = match(path).map(({ route }) => route.method as string);
    for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE"].filter((each) => !taken.includes(each))) {
      const response = await fetch(url + path, { method });
      const { error } = (await response.json()) as { readonly error: string };
      expect([method, path, response.status, error]).toEqual([method, path, 405, "method_not_allowed"]);
      const allowed = [...taken, ...(taken.includes("GET") ? ["HEAD"] : [])].toSorted();
      expect(response.headers.get("allow")).toBe(allowed.join(", "));
    }
  }
});
