import { gzipSync } from "node:zlib";
import { createSecureServer } from "node:http2";
import { createServer as createTlsServer } from "node:https";
import type { ServerResponse } from "node:http";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import {
  createHttpSteps,
  type HttpSteps,
  type HttpTarget,
  type SeenRequest,
  startHttpTarget,
} from "../../../test/support/http-steps.ts";
import { createHandRung } from "../../../test/support/hand-rung.ts";
import { certificate, key, listening } from "../../../test/support/transport.ts";
import type { HttpConfig } from "../../protocol/http-config.ts";
import type { SeriesDelta } from "../../protocol/frame.ts";
import type { VirtualUser } from "../../protocol/step.ts";
import { defaultTls } from "../../protocol/tls.ts";
import type { HttpResources } from "../../protocol/workflow.ts";

const all: HttpResources = { include: [], exclude: [], required: false };
const required: HttpResources = { ...all, required: true };
const html = { "content-type": "text/html; charset=utf-8" };

/** What the target has, by path; what is not there is 404. */
let pages: Record<string, (response: ServerResponse, request: SeenRequest) => void>;
let target: HttpTarget;
let steps: HttpSteps;

beforeEach(async () => {
  pages = {};
  target = await startHttpTarget((request, response) => {
    const page = pages[request.url.split("?")[0] ?? ""];
    if (page === undefined) response.writeHead(404).end("nothing here");
    else page(response, request);
  });
  steps = createHttpSteps({ baseUrl: target.url });
});

afterEach(async () => {
  await steps.close();
  await target.close();
});

function page(body: string): (response: ServerResponse) => void {
  return (response) => response.writeHead(200, html).end(body);
}

const file = (response: ServerResponse): void => void response.end("x");

function load(config: Partial<HttpConfig> = {}, vu?: VirtualUser) {
  const reads = { body: false, headers: false };
  return steps.run({ url: "/", resources: all, ...config }, { reads, ...(vu === undefined ? {} : { vu }) });
}

/** `resource status` of each series of http_reqs with its count, sorted. */
function countRequests(series: readonly SeriesDelta[]): string[] {
  return series
    .flatMap(({ key, ...value }) =>
      key.metric === "http_reqs" && "sum" in value
        ? [`${key.tags["resource"]} ${key.tags["status"]} x${value.sum}`]
        : [],
    )
    .sort();
}

const paths = (): string[] => target.seen.map(({ url }) => url).sort();

test("what a page and its stylesheets name is loaded, measured under its kind, and is one page_duration", async () => {
  pages = {
    "/": page(`<link rel=stylesheet href=/css/a.css><script src=a.js></script><img src=/a.png><img src=/a.png#x>`),
    "/css/a.css": (response) =>
      response.end(`@import "b.css"; @font-face{src:url(f.woff2)} p{background:url(../b.png)}`),
    "/css/b.css": (response) => response.end("p{background:url(deeper.png)}"),
    "/a.js": file,
    "/a.png": file,
    "/b.png": file,
    "/css/f.woff2": file,
  };
  const result = await load({ url: "/?q=1" });
  expect([result.failure, result.statusCode, result.interrupted]).toEqual([null, 200, false]);
  expect(paths()).toEqual(["/?q=1", "/a.js", "/a.png", "/b.png", "/css/a.css", "/css/b.css", "/css/f.woff2"]);
  const { series, errors } = steps.measure();
  expect(errors).toEqual([]);
  expect(countRequests(series)).toEqual([
    "font 200 x1",
    "image 200 x2",
    "page 200 x1",
    "script 200 x1",
    "style 200 x2",
  ]);
  expect([...new Set(series.map(({ key }) => key.tags["url"]))]).toEqual([undefined, "/?q=1"]);
  const [whole, ...others] = series.filter(({ key }) => key.metric === "page_duration");
  expect(others).toEqual([]);
  expect(whole).toMatchObject({ key: { tags: { step: "s1", name: "s1" } }, count: 1 });
  const first = target.seen[0]?.headers;
  expect(first).not.toHaveProperty("referer");
  expect(target.seen.find(({ url }) => url === "/a.js")?.headers.referer).toBe(`${target.url}/?q=1`);
  expect(target.seen.find(({ url }) => url === "/b.png")?.headers.referer).toBe(`${target.url}/css/a.css`);
});

test("the time of the step is that of the page with its slowest resource", async () => {
  pages = {
    "/": page("<img src=/slow.png><img src=/fast.png>"),
    "/slow.png": (response) => void setTimeout(() => response.end(), 120),
    "/fast.png": file,
  };
  // A timer may fire a little early.
  expect((await load()).duration).toBeGreaterThan(115);
});

test("without `resources`, and of an answer that is no page or fails the step, nothing is loaded", async () => {
  const body = "<img src=/a.png>";
  pages = {
    "/": page(body),
    "/text": (response) => response.writeHead(200, { "content-type": "text/plain" }).end(body),
    "/bad": (response) => response.writeHead(500, html).end(body),
    "/xhtml": (response) => response.writeHead(200, { "content-type": "application/xhtml+xml" }).end(body),
    "/a.png": file,
  };
  await load({ resources: null });
  await load({ url: "/text" });
  expect((await load({ url: "/bad" })).failure?.code).toBe("http_500");
  expect(paths()).toEqual(["/", "/bad", "/text"]);
  await load({ url: "/xhtml" });
  expect(paths()).toEqual(["/", "/a.png", "/bad", "/text", "/xhtml"]);
});

describe("parallel, as browsers are", () => {
  test("six at a time to an origin, on six connections that are used again; each origin has its own six", async () => {
    const under = { here: 0, there: 0 };
    const most = { here: 0, there: 0 };
    /** Answered together, when no more come: so many are under way at a time. */
    const held: (() => void)[] = [];
    let expected = 12;
    const hold = (where: "here" | "there", response: ServerResponse): void => {
      most[where] = Math.max(most[where], ++under[where]);
      held.push(() => {
        under[where]--;
        response.end("x");
      });
      if (held.length < expected) return;
      expected = 1;
      for (const answer of held.splice(0)) answer();
    };
    const other = await startHttpTarget((_request, response) => hold("there", response));
    onTestFinished(() => other.close());
    const images = Array.from(
      { length: 20 },
      (_, place) => `<img src=/${place}.png><img src=${other.url}/${place}.png>`,
    );
    pages = { "/": page(images.join("")) };
    for (let place = 0; place < 20; place++) pages[`/${place}.png`] = (response) => hold("here", response);
    const vu = steps.createVu();
    expect((await load({ resources: required }, vu)).failure).toBeNull();
    expect([most, target.seen.length, other.seen.length]).toEqual([{ here: 6, there: 6 }, 21, 20]);
    const connections = (seen: HttpTarget["seen"]): number => new Set(seen.map(({ connection }) => connection)).size;
    expect([connections(target.seen), connections(other.seen)]).toEqual([6, 6]);
    vu.vuIteration = 1;
    expected = 12;
    await load({}, vu);
    expect([connections(target.seen), connections(other.seen), most]).toEqual([6, 6, { here: 6, there: 6 }]);
  });

  test("over HTTP/2 all at once on the page's connection, however the version was agreed", async () => {
    let sessions = 0;
    let under = 0;
    let most = 0;
    const held: (() => void)[] = [];
    const server = createSecureServer({ cert: certificate, key, allowHTTP1: true });
    server.on("session", () => sessions++);
    server.on("request", (request, response) => {
      if (request.url === "/") {
        response.writeHead(200, html);
        response.end(Array.from({ length: 30 }, (_, place) => `<img src=/${place}.png>`).join(""));
        return;
      }
      most = Math.max(most, ++under);
      held.push(() => {
        under--;
        response.end("x");
      });
      if (held.length === 30) for (const answer of held.splice(0)) answer();
    });
    const port = await listening(server);
    const url = `https://localhost:${port}/`;
    for (const version of ["2", "auto"] as const) {
      const result = await load({ url, version, tls: { ...defaultTls, verify: false }, resources: required });
      expect(result.failure).toBeNull();
    }
    expect([most, sessions]).toEqual([30, 2]);
    expect(countRequests(steps.cut())).toEqual(["image 200 x60", "page 200 x2"]);
  });

  test("six at a time where the server chose HTTP/1.1", async () => {
    const images = Array.from({ length: 20 }, (_, place) => `<img src=/${place}.png>`).join("");
    const connections = new Set<object>();
    const server = createTlsServer({ cert: certificate, key }, (request, response) => {
      connections.add(request.socket);
      response.writeHead(200, html).end(request.url === "/" ? images : "x");
    });
    const port = await listening(server);
    const config = {
      url: `https://localhost:${port}/`,
      version: "auto",
      tls: { ...defaultTls, verify: false },
    } as const;
    expect((await load({ ...config, resources: required })).failure).toBeNull();
    expect(connections.size).toBe(6);
    expect(countRequests(steps.cut())).toEqual(["image 200 x20", "page 200 x1"]);
  });

  test("two pages of an iteration share the connections, and what the first has loaded", async () => {
    pages = {
      "/": page("<img src=/a.png><img src=/gone.png>"),
      "/two": page("<img src=/a.png><img src=/b.png><img src=/gone.png>"),
      "/a.png": file,
      "/b.png": file,
    };
    const vu = steps.createVu();
    await Promise.all([load({}, vu), load({}, vu)]);
    await load({ url: "/two" }, vu);
    const count = (path: string): number => target.seen.filter(({ url }) => url === path).length;
    // What failed is asked for again.
    expect([count("/a.png"), count("/b.png"), count("/gone.png")]).toEqual([1, 1, 2]);
    vu.vuIteration = 1;
    await load({ url: "/two" }, vu);
    expect([count("/a.png"), count("/b.png"), count("/gone.png")]).toEqual([2, 2, 3]);
  });
});

describe("asked for as the page is", () => {
  test("cookies of the page and of resources go to and fro", async () => {
    pages = {
      "/": (response) => response.writeHead(200, { ...html, "set-cookie": "a=1" }).end("<img src=/a.png>"),
      "/a.png": (response) => response.writeHead(200, { "set-cookie": "b=2" }).end(),
    };
    const vu = steps.createVu();
    await load({ cookies: { own: "0" } }, vu);
    await load({ url: "/other" }, vu);
    expect(target.seen.map(({ url, headers }) => [url, headers.cookie])).toEqual([
      ["/", "own=0"],
      ["/a.png", "a=1; own=0"],
      ["/other", "a=1; b=2"],
    ]);
  });

  test("with the step's headers, by GET; its credentials and cookies stay on its host", async () => {
    const other = await startHttpTarget((_request, response) => response.end());
    onTestFinished(() => other.close());
    pages = { "/": page(`<img src=/a.png><img src=${other.url}/b.png>`), "/a.png": file };
    await load({
      method: "POST",
      body: { kind: "text", text: "data" },
      headers: [
        ["content-type", "text/plain"],
        ["accept", "text/html"],
        ["x-shop", "7"],
      ],
      auth: { bearer: "t" },
      cookies: { own: "1" },
      tracing: "w3c",
    });
    const [first, second] = target.seen;
    const [third] = other.seen;
    expect(second).toMatchObject({
      method: "GET",
      body: "",
      headers: { accept: "*/*", "x-shop": "7", authorization: "Bearer t", cookie: "own=1" },
    });
    expect(second?.headers).not.toHaveProperty("content-type");
    expect(third?.headers).toMatchObject({ "x-shop": "7", referer: `${target.url}/` });
    for (const name of ["authorization", "cookie"]) expect(third?.headers).not.toHaveProperty(name);
    const traces = [first, second, third].map((request) => request?.headers["traceparent"]);
    expect(new Set(traces).size).toBe(3);
  });

  test("Digest challenges are answered on the page's host, no other's", async () => {
    const challenge = { "www-authenticate": 'Digest realm="here", qop="auth", nonce="n"' };
    const ask = (response: ServerResponse, { headers }: SeenRequest, body: string): void => {
      if (headers.authorization === undefined) response.writeHead(401, challenge).end();
      else response.writeHead(200, html).end(body);
    };
    const other = await startHttpTarget((request, response) => ask(response, request, "x"));
    onTestFinished(() => other.close());
    const body = `<img src=/a.png><img src=${other.url}/b.png>`;
    pages = {
      "/": (response, request) => ask(response, request, body),
      "/a.png": (response, request) => ask(response, request, "x"),
    };
    await load({ digest: { username: "anna", password: "geheim" } });
    const signed = ({ url, headers }: SeenRequest): unknown => [url, headers.authorization?.slice(0, 21)];
    const digest = 'Digest username="anna';
    expect(target.seen.map(signed)).toEqual([
      ["/", undefined],
      ["/", digest],
      ["/a.png", digest],
    ]);
    expect(other.seen.map(signed)).toEqual([["/b.png", undefined]]);
    expect(steps.measure().errors.map(({ message }) => message)).toEqual([`image ${other.url}/b.png: status 401`]);
  });

  test("relative to the page's base, and to where a redirect led", async () => {
    pages = {
      "/start": (response) => response.writeHead(302, { location: "/deep/page" }).end(),
      "/deep/page": page("<img src=a.png>"),
      "/based": page("<base href=/deep/><img src=b.png>"),
      "/deep/a.png": file,
      "/deep/b.png": file,
    };
    await load({ url: "/start", resources: required });
    await load({ url: "/based", resources: required });
    expect(paths()).toEqual(["/based", "/deep/a.png", "/deep/b.png", "/deep/page", "/start"]);
  });

  test("pages in GBK, compressed pages and stylesheets are read", async () => {
    const name = Buffer.from([0xd6, 0xd0]); // 中
    const text = Buffer.concat([Buffer.from("<meta charset=gbk><img src=/"), name, Buffer.from(".png>")]);
    pages = {
      "/gbk": (response) => response.writeHead(200, { "content-type": "text/html" }).end(text),
      "/gzip": (response) =>
        response
          .writeHead(200, { ...html, "content-encoding": "gzip" })
          .end(gzipSync("<link rel=stylesheet href=/a.css>")),
      "/a.css": (response) =>
        response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync("p{background:url(b.png)}")),
    };
    await load({ url: "/gbk" });
    await load({ url: "/gzip" });
    expect(paths()).toEqual(["/%E4%B8%AD.png", "/a.css", "/b.png", "/gbk", "/gzip"]);
  });

  test("redirects of a resource are followed and measured as its own", async () => {
    pages = {
      "/": page("<script src=/old.js></script>"),
      "/old.js": (response) => response.writeHead(301, { location: "/new.js" }).end(),
      "/new.js": file,
    };
    expect((await load({ resources: required })).failure).toBeNull();
    expect(countRequests(steps.cut())).toEqual(["page 200 x1", "script 200 x1", "script 301 x1"]);
  });
});

describe("which", () => {
  test("one of `include` and none of `exclude` must match the whole URL; both may be templates", async () => {
    pages = { "/": page("<img src=/in/a.png><img src=/in/b.gif><img src=/out/c.png>") };
    const vu = steps.createVu();
    vu.variables.set("folder", "in");
    await load({ resources: { ...all, include: ["^http://[^/]+/${folder}/", "nowhere"], exclude: ["\\.gif$"] } }, vu);
    expect(paths()).toEqual(["/", "/in/a.png"]);
  });

  test("of a page of 10,000 links 500 are loaded, and an error says so once", async () => {
    pages = { "/": page(Array.from({ length: 10_000 }, (_, place) => `<img src=/${place}.png>`).join("")) };
    for (let place = 0; place < 10_000; place++) pages[`/${place}.png`] = file;
    expect((await load({ resources: required })).failure).toBeNull();
    expect(target.seen.length).toBe(501);
    expect(steps.measure().errors).toMatchObject([
      { code: "resources", count: 1, message: expect.stringContaining("more than 500 resources") },
    ]);
  });
});

describe("a resource that fails", () => {
  test("is a failed request and an error with a sample, not a failed step", async () => {
    pages = {
      "/": page("<img src=/gone.png?v=1><img src=http://127.0.0.1:1/b.png><img src=/ok.png>"),
      "/ok.png": file,
    };
    expect((await load()).failure).toBeNull();
    const { series, errors } = steps.measure();
    expect(countRequests(series)).toEqual(["image 0 x1", "image 200 x1", "image 404 x1", "page 200 x1"]);
    const failed = series.filter(
      ({ key, ...value }) => key.metric === "http_req_failed" && "passes" in value && value.passes > 0,
    );
    expect(failed.map(({ key }) => key.tags["error_code"]).sort()).toEqual(["1212", "1404"]);
    expect(errors.map(({ code, message }) => [code, message]).sort()).toEqual([
      ["1212", expect.stringContaining("image http://127.0.0.1:1/b.png: ")],
      ["http_404", `image ${target.url}/gone.png: status 404`],
    ]);
    expect(errors.find(({ code }) => code === "http_404")?.sample).toMatchObject({
      url: `GET ${target.url}/gone.png?v=1`,
      status: 404,
      body: "nothing here",
    });
  });

  test("fails the step where it is required, whatever the step expects of the page", async () => {
    pages = { "/": page("<img src=/gone.png><img src=/ok.png>"), "/ok.png": file };
    const result = await load({ resources: required, expectStatus: [[200, 404]] });
    expect(result.failure).toEqual({
      code: "resources",
      message: `1 of 2 resources failed; the first: image ${target.url}/gone.png: status 404`,
    });
    expect(steps.measure().errors).toEqual([]);
  });

  test("that hangs is over when the time of the page is", async () => {
    pages = { "/": page(Array.from({ length: 20 }, (_, place) => `<img src=/${place}.png>`).join("")) };
    const clock = createHandRung();
    await steps.close();
    steps = createHttpSteps({ baseUrl: target.url }, clock);
    let asked = 0;
    for (let place = 0; place < 20; place++) {
      pages[`/${place}.png`] = () => {
        if (++asked === 6) clock.turn(60_000);
      };
    }
    const result = await load({ totalTimeoutMs: 60_000, resources: required });
    expect(result.failure?.message).toMatch(/^20 of 20 resources failed; the first: image .* in time$/);
    expect(result.interrupted).toBe(false);
    // The others were not sent any more.
    expect(countRequests(steps.cut())).toEqual(["image 0 x6", "page 200 x1"]);
    expect(target.seen.length).toBe(7);
  });

  test("on a target where load may not go is refused and counted", async () => {
    await steps.close();
    const refuses = (host: string): string | null => (host === "ads.test" ? "it is on slave.targets.deny" : null);
    steps = createHttpSteps({ baseUrl: target.url, hosts: { "ads.test": target.url.slice(7) } }, {}, undefined, {
      maySend: () => true,
      refuses,
    });
    pages = { "/": page("<img src=http://ads.test/a.png>"), "/a.png": file };
    await load();
    expect(paths()).toEqual(["/"]);
    const { series, errors } = steps.measure();
    expect(countRequests(series)).toEqual(["image 0 x1", "page 200 x1"]);
    expect(errors).toMatchObject([
      {
        code: "1111",
        message: "image http://ads.test/a.png: 127.0.0.1 may not be dialled: it is on slave.targets.deny",
      },
    ]);
  });

  test("and what a hosts override leads elsewhere is loaded there, with its name", async () => {
    await steps.close();
    steps = createHttpSteps({ baseUrl: target.url, hosts: { "cdn.test": target.url.slice(7) } });
    pages = { "/": page("<img src=http://cdn.test/a.png>"), "/a.png": file };
    await load({ resources: required });
    expect(target.seen[1]).toMatchObject({ url: "/a.png", headers: { host: "cdn.test" } });
  });
});

test("an iteration that is cut short is interrupted at once: what is under way ends, nothing more is sent", async () => {
  const abort = new AbortController();
  pages = { "/": page(Array.from({ length: 20 }, (_, place) => `<img src=/${place}.png>`).join("")) };
  let asked = 0;
  for (let place = 0; place < 20; place++) {
    pages[`/${place}.png`] = () => {
      if (++asked === 6) abort.abort();
    };
  }
  const result = await load({ resources: required }, steps.createVu(abort.signal));
  expect([result.interrupted, result.failure, target.seen.length]).toEqual([true, null, 7]);
  const { series, errors } = steps.measure();
  expect(errors).toEqual([]);
  expect(countRequests(series)).toEqual(["image 0 x6", "page 200 x1"]);
  expect(series.some(({ key }) => key.metric === "page_duration")).toBe(false);
});

test("a lease that is lost while a page loads interrupts it", async () => {
  await steps.close();
  let holds = true;
  steps = createHttpSteps({ baseUrl: target.url }, {}, undefined, { maySend: () => holds, refuses: () => null });
  pages = {
    "/": page(Array.from({ length: 20 }, (_, place) => `<img src=/${place}.png>`).join("")),
    "/0.png": (response) => {
      holds = false;
      response.end();
    },
  };
  const result = await load();
  expect(result.interrupted).toBe(true);
  expect(target.seen.length).toBeLessThan(20);
});
