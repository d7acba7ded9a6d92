import * as zlib from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  createHttpSteps,
  type HttpSteps,
  type HttpTarget,
  type SeenRequest,
  startHttpTarget,
} from "../../../test/support/http-steps.ts";
import { createHandRung } from "../../../test/support/hand-rung.ts";
import type { HttpDefaults } from "../../protocol/workflow.ts";
import type { ServerResponse } from "node:http";

const forever = Number.POSITIVE_INFINITY;
let target: HttpTarget;
let other: HttpTarget;
let steps: HttpSteps;
let answer: (request: SeenRequest, response: ServerResponse) => void;

beforeEach(async () => {
  answer = (_request, response) => response.end("ok");
  target = await startHttpTarget((request, response) => answer(request, response));
  other = await startHttpTarget((_request, response) => response.end("other"));
  steps = createHttpSteps({ baseUrl: target.url });
});

afterEach(async () => {
  await steps.close();
  await target.close();
  await other.close();
});

async function restart(http: Partial<HttpDefaults>): Promise<void> {
  await steps.close();
  steps = createHttpSteps({ baseUrl: target.url, ...http });
}

function redirect(status: number, location: string, headers: Record<string, string | string[]> = {}): typeof answer {
  return ({ url }, response) =>
    url === "/end" ? response.end("end") : response.writeHead(status, { location, ...headers }).end("moved");
}

test("the beginning of a bad answer that nothing reads is there for a sample, unless it is coded", async () => {
  const reads = { body: false, headers: false };
  answer = (_request, response) => response.writeHead(503).end(`busy${" ".repeat(4096)}`);
  const failed = await steps.run({ url: "/" }, { reads });
  expect(failed.text().length).toBe(2048);
  expect(failed.text().trimEnd()).toBe("busy");
  answer = (_request, response) =>
    response.writeHead(503, { "content-encoding": "gzip" }).end(zlib.gzipSync("x".repeat(99)));
  const coded = await steps.run({ url: "/" }, { reads: { body: false, headers: true } });
  expect([coded.failure?.code, coded.text()]).toEqual(["http_503", ""]);
  answer = (_request, response) => response.end("fine");
  const passed = await steps.run({ url: "/" }, { reads });
  expect([passed.failure, passed.text()]).toEqual([null, ""]);
  const unexpected = await steps.run({ url: "/", expectStatus: [[404, 404]] }, { reads });
  expect([unexpected.failure?.code, unexpected.text()]).toEqual(["http_200", "fine"]);
});

describe("redirects", () => {
  test.each([
    [301, "POST", "GET", ""],
    [302, "POST", "GET", ""],
    [303, "PUT", "GET", ""],
    [303, "HEAD", "HEAD", ""],
    [301, "PUT", "PUT", "data"],
    [307, "POST", "POST", "data"],
    [308, "POST", "POST", "data"],
  ])("%i makes %s a %s", async (status, method, followed, body) => {
    answer = redirect(status, "/end");
    const sent = method === "HEAD" ? null : ({ kind: "text", text: "data" } as const);
    const result = await steps.run({ method, url: "/start", headers: [["content-type", "text/plain"]], body: sent });
    expect(result.failure).toBeNull();
    expect(result.statusCode).toBe(200);
    expect(result.target).toBe(`${followed} ${target.url}/end`);
    expect(target.seen[1]).toMatchObject({ method: followed, url: "/end", body });
    const keepsType = body !== "" || method === "HEAD";
    expect(target.seen[1]?.headers["content-type"]).toBe(keepsType ? "text/plain" : undefined);
    expect(target.seen[1]?.connection).toBe(1);
  });

  test("a relative Location is resolved against the URL that answered", async () => {
    answer = ({ url }, response) =>
      url === "/a/b/c?x=1" ? response.writeHead(302, { location: "../end?y=2" }).end() : response.end(url);
    expect((await steps.run({ url: "/a/b/c?x=1" })).text()).toBe("/a/end?y=2");
  });

  test("credentials and the step's own cookies stay on their host", async () => {
    const config = {
      url: "/start",
      auth: { bearer: "t" },
      cookies: { own: "1" },
      headers: [
        ["host", "virtual"],
        ["x-other", "stays"],
      ] as const,
    };
    answer = redirect(302, "/end");
    await steps.run(config);
    answer = redirect(302, `${other.url}/end`);
    await steps.run(config);
    expect(target.seen[1]?.headers).toMatchObject({ authorization: "Bearer t", cookie: "own=1", host: "virtual" });
    expect(other.seen[0]?.headers).toMatchObject({ "x-other": "stays", host: `127.0.0.1:${other.port}` });
    expect(other.seen[0]?.headers).not.toHaveProperty("authorization");
    expect(other.seen[0]?.headers).not.toHaveProperty("cookie");
  });

  test("more than max_redirects fail the step with 1000 and the last answer", async () => {
    answer = redirect(302, "/again");
    const result = await steps.run({ url: "/start", redirect: { follow: true, maxRedirects: 2 } });
    expect(result.failure).toEqual({ code: "1000", message: expect.stringContaining("stopped after 2 redirects") });
    expect(result.statusCode).toBe(302);
    expect(target.seen).toHaveLength(3);
  });

  test("without follow the answer that redirects is the result", async () => {
    answer = redirect(302, "/end");
    const result = await steps.run({ url: "/start", redirect: { follow: false, maxRedirects: 10 } });
    expect(result.failure).toBeNull();
    expect(result.statusCode).toBe(302);
    expect(result.header("location")).toEqual(["/end"]);
  });

  test("a status that redirects without a Location is the result", async () => {
    answer = (_request, response) => response.writeHead(302).end("here");
    const result = await steps.run({ url: "/start" });
    expect([result.statusCode, result.failure, result.text()]).toEqual([302, null, "here"]);
  });

  test("a Location that no http client can go to is 1020", async () => {
    answer = redirect(302, "ftp://x/y");
    const result = await steps.run({ url: "/start" });
    expect(result.failure).toEqual({ code: "1020", message: expect.stringContaining("`ftp://x/y`") });
  });

  test("redirects are followed where nothing of the answer is read", async () => {
    answer = redirect(302, "/end");
    const result = await steps.run({ url: "/start" }, { reads: { body: false, headers: false } });
    expect(result.statusCode).toBe(200);
  });

  test("the duration is that of the whole step", async () => {
    let firstAt = 0;
    let lastAt = 0;
    answer = ({ url }, response) => {
      if (url === "/end") lastAt = performance.now();
      else firstAt = performance.now();
      redirect(302, "/end")({ method: "", url, headers: {}, body: "", connection: 0 }, response);
    };
    const started = performance.now();
    const { duration } = await steps.run({ url: "/start" });
    expect(duration).toBeLessThanOrEqual(performance.now() - started);
    expect(duration).toBeGreaterThan(lastAt - firstAt);
  });

  test("the total timeout covers all hops", async () => {
    const clock = createHandRung();
    await steps.close();
    steps = createHttpSteps({ baseUrl: target.url }, clock);
    answer = ({ url }, response) => {
      clock.turn(10_000);
      if (url === "/start") response.writeHead(302, { location: "/stall" }).end();
    };
    const result = await steps.run({ url: "/start", totalTimeoutMs: 20_000 });
    expect(result.failure?.code).toBe("1050");
    expect(result.duration).toBeGreaterThanOrEqual(20_000);
    expect(target.seen.map(({ url }) => url)).toEqual(["/start", "/stall"]);
  });
});

describe("cookies", () => {
  const login: typeof answer = ({ url }, response) => {
    if (url === "/login") response.setHeader("set-cookie", ["sid=1; Path=/; HttpOnly", "deep=2; Path=/deep"]);
    response.end();
  };
  const cookiesSeen = () => target.seen.map(({ headers }) => headers.cookie);
  const nothing = { body: false, headers: false };

  test("a VU sends what it was given, by path; another VU has its own", async () => {
    answer = login;
    const vu = steps.createVu();
    const run = (url: string, who = vu) => steps.compile({ url }, nothing)(who, forever);
    await run("/login");
    await run("/x");
    await run("/deep/y");
    await run("/x", steps.createVu());
    expect(cookiesSeen()).toEqual([undefined, "sid=1", "deep=2; sid=1", undefined]);
  });

  test("a cookie that is taken back is not sent", async () => {
    answer = ({ url }, response) => {
      response.setHeader("set-cookie", url === "/in" ? "sid=1; Path=/" : "sid=; Max-Age=0; Path=/");
      response.end();
    };
    const vu = steps.createVu();
    for (const url of ["/in", "/out", "/x"]) await steps.run({ url }, { vu });
    expect(cookiesSeen()).toEqual([undefined, "sid=1", undefined]);
  });

  test("cookies of a redirect are sent on the next hop", async () => {
    answer = redirect(302, "/end", { "set-cookie": "hop=1; Path=/" });
    await steps.run({ url: "/start" });
    expect(cookiesSeen()).toEqual([undefined, "hop=1"]);
  });

  test("the step's own cookies join the jar's and win over the same name", async () => {
    answer = login;
    const vu = steps.createVu();
    await steps.run({ url: "/login" }, { vu });
    await steps.run({ cookies: { sid: "${vu.id}", b: "3" }, headers: [["cookie", "c=4"]] }, { vu });
    expect(cookiesSeen()).toEqual([undefined, `c=4; sid=${vu.id}; b=3`]);
  });

  test("off: nothing is kept", async () => {
    await restart({ cookies: "off" });
    answer = login;
    const vu = steps.createVu();
    await steps.run({ url: "/login" }, { vu });
    await steps.run({ url: "/x" }, { vu });
    expect(cookiesSeen()).toEqual([undefined, undefined]);
  });

  test("iteration: back to what vu_setup left", async () => {
    await restart({ cookies: "iteration" });
    answer = ({ url }, response) => response.setHeader("set-cookie", `${url.slice(1)}=1; Path=/`).end();
    const vu = steps.createVu();
    await steps.run({ url: "/setup" }, { vu });
    for (const iteration of [0, 1]) {
      vu.vuIteration = iteration;
      vu.resources[0]?.beginIteration?.(vu);
      await steps.run({ url: "/a" }, { vu });
      await steps.run({ url: "/b" }, { vu });
    }
    expect(cookiesSeen()).toEqual([undefined, "setup=1", "setup=1; a=1", "setup=1", "setup=1; a=1"]);
  });

  test("iteration: a VU without vu_setup begins each with none", async () => {
    await restart({ cookies: "iteration" });
    answer = login;
    const vu = steps.createVu();
    for (const iteration of [0, 1, 2]) {
      vu.vuIteration = iteration;
      vu.resources[0]?.beginIteration?.(vu);
      await steps.run({ url: "/login" }, { vu });
    }
    expect(cookiesSeen()).toEqual([undefined, undefined, undefined]);
  });

  test("a result gives the cookie that was set, else the one that would be sent", async () => {
    answer = login;
    const vu = steps.createVu();
    const first = await steps.run({ url: "/login" }, { vu });
    const second = await steps.run({ url: "/x" }, { vu });
    expect([first.cookie("sid"), second.cookie("sid"), second.cookie("none")]).toEqual(["1", "1", undefined]);
  });
});

describe("connections", () => {
  const connections = () => target.seen.map(({ connection }) => connection);

  async function runIterations(): Promise<void> {
    const vu = steps.createVu();
    for (const iteration of [0, 1]) {
      vu.vuIteration = iteration;
      vu.resources[0]?.beginIteration?.(vu);
      await steps.run({}, { vu });
      await steps.run({}, { vu });
    }
  }

  test.each([
    ["vu", [1, 1, 1, 1]],
    ["iteration", [1, 1, 2, 2]],
    ["none", [1, 2, 3, 4]],
  ] as const)("%s", async (mode, expected) => {
    await restart({ connections: mode });
    await runIterations();
    expect(connections()).toEqual(expected);
    expect(target.seen[0]?.headers.connection).toBe(mode === "none" ? "close" : undefined);
  });
});

describe("coded bodies", () => {
  const text = "hello ".repeat(50);
  const large = Buffer.from(Array.from({ length: 60_000 }, (_, i) => (i * 7919).toString(36)).join());

  const serve =
    (coding: string, body: Buffer): typeof answer =>
    (_request, response) =>
      response.setHeader("content-encoding", coding).end(body);

  test.each([
    ["gzip", zlib.gzipSync(text)],
    ["x-gzip", zlib.gzipSync(text)],
    ["br", zlib.brotliCompressSync(text)],
    ["deflate", zlib.deflateSync(text)],
    ["deflate", zlib.deflateRawSync(text)],
    ["zstd", zlib.zstdCompressSync(text)],
    ["gzip, br", zlib.brotliCompressSync(zlib.gzipSync(text))],
    ["identity", Buffer.from(text)],
  ])("%s", async (coding, body) => {
    answer = serve(coding, body);
    const result = await steps.run({});
    expect(result.failure).toBeNull();
    expect(result.text()).toBe(text);
  });

  test("a large one, off the thread", async () => {
    answer = serve("gzip", zlib.gzipSync(large));
    expect((await steps.run({})).text()).toBe(large.toString());
  });

  test.each([
    ["gzip", zlib.gzipSync(text).subarray(0, 20), "not valid gzip"],
    ["br", Buffer.from("no brotli"), "not valid br"],
    ["snappy", Buffer.from("x"), "`snappy` is none of"],
  ])("broken %s is 1701", async (coding, body, message) => {
    answer = serve(coding, body);
    const result = await steps.run({});
    expect(result.failure).toEqual({ code: "1701", message: expect.stringContaining(message) });
    expect([result.statusCode, result.text()]).toEqual([200, ""]);
  });

  test("a bomb ends at max_body", async () => {
    await restart({ maxBody: 100_000 });
    answer = serve("gzip", zlib.gzipSync(Buffer.alloc(10_000_000)));
    expect((await steps.run({})).failure).toEqual({
      code: "1701",
      message: expect.stringContaining("larger than 100000 bytes"),
    });
  });

  test("a body that nobody reads is not looked at", async () => {
    answer = serve("gzip", Buffer.from("broken"));
    expect((await steps.run({}, { reads: { body: false, headers: true } })).failure).toBeNull();
  });
});

describe("failures", () => {
  test("a refused dial is 1212, with no answer", async () => {
    const result = await steps.run({ url: "http://127.0.0.1:1/" });
    expect(result.failure?.code).toBe("1212");
    expect([result.statusCode, result.interrupted, result.text()]).toEqual([0, false, ""]);
  });

  test("the step's deadline ends the request with 1050", async () => {
    answer = () => undefined;
    const result = await steps.run({}, { deadline: steps.clock.now() + 50 });
    expect(result.failure?.code).toBe("1050");
  });

  test("a status from 400 on fails the step, unless it is expected", async () => {
    answer = (_request, response) => response.writeHead(503).end();
    expect((await steps.run({ url: "/x" })).failure).toEqual({
      code: "http_503",
      message: "GET /x was answered with status 503",
    });
    expect((await steps.run({ expectStatus: [[500, 599]] })).failure).toBeNull();
    answer = (_request, response) => response.end();
    expect(
      (
        await steps.run({
          expectStatus: [
            [201, 201],
            [404, 404],
          ],
        })
      ).failure?.code,
    ).toBe("http_200");
  });

  test("an abort interrupts: no failure of the target", async () => {
    const abort = new AbortController();
    const vu = steps.createVu(abort.signal);
    answer = () => abort.abort();
    const result = await steps.run({}, { vu });
    expect(result.interrupted).toBe(true);
  });
});
