import { createHmac } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDemoServer } from "./demo-server.ts";

const server = createDemoServer();
let base = "";

beforeAll(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, "close");
});

async function ask(path: string, init?: RequestInit): Promise<{ status: number; headers: Headers; text: string }> {
  const answer = await fetch(base + path, { redirect: "manual", ...init });
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
}

describe("routes", () => {
  test("/get tells arguments (a repeated one as a list), headers and URL", async () => {
    const { text } = await ask("/get?a=1&b=2&b=3", { headers: { "x-hello": "you" } });
    expect(JSON.parse(text)).toMatchObject({
      args: { a: "1", b: ["2", "3"] },
      headers: { "x-hello": "you" },
      url: `${base}/get?a=1&b=2&b=3`,
    });
  });

  test("/post gives the body back as text, JSON and form", async () => {
    const json = await ask("/post", { method: "POST", body: '{"a":1}' });
    expect(JSON.parse(json.text)).toMatchObject({ method: "POST", data: '{"a":1}', json: { a: 1 }, form: {} });
    const form = await ask("/post", { method: "POST", body: new URLSearchParams({ a: "ü" }) });
    expect(JSON.parse(form.text)).toMatchObject({ form: { a: "ü" }, json: null });
  });

  test("/graphql gives the variables back, and errors without a query", async () => {
    const post = (value: object) => ask("/graphql", { method: "POST", body: JSON.stringify(value) });
    expect(JSON.parse((await post({ query: "{ a }", variables: { b: 1 } })).text)).toEqual({
      data: { echo: { b: 1 } },
    });
    expect(JSON.parse((await post({})).text)).toEqual({ errors: [{ message: "there is no query" }] });
  });

  test.each([
    ["/graphql", 405],
    ["/page", 200],
    ["/status/204", 204],
    ["/status/503", 503],
    ["/status/700", 400],
    ["/status/abc", 400],
    ["/delay/0.01", 200],
    ["/delay/-1", 400],
    ["/delay/nan", 400],
    ["/bytes/-1", 400],
    ["/capacity/0", 400],
    ["/capacity/1000000", 400],
    ["/capacity/x", 400],
    ["/redirect/0", 400],
    ["/bearer", 401],
    ["/basic-auth/a/b", 401],
    ["/login", 405],
    ["/nothing", 404],
    ["/%ff/x", 404],
    ["/", 200],
  ])("%s answers %i", async (path, status) => {
    expect((await ask(path)).status).toBe(status);
  });

  test("/bytes/N has N bytes", async () => {
    const { text, headers } = await ask("/bytes/1000");
    expect([text.length, headers.get("content-length")]).toEqual([1000, "1000"]);
  });

  test("/capacity/N answers one after the other, N a second; others have a queue of their own", async () => {
    const waits = await Promise.all(
      ["20", "20", "20", "50"].map(async (perSecond) => {
        const { text } = await ask(`/capacity/${perSecond}`);
        return (JSON.parse(text) as { readonly waited_ms: number }).waited_ms;
      }),
    );
    // However late they came, each waits for those before it: three twentieths of a second for the last at most.
    const sorted = waits.slice(0, 3).toSorted((left, right) => left - right);
    expect(sorted[0]).toBeGreaterThanOrEqual(50);
    expect(sorted[2]).toBeLessThanOrEqual(150);
    expect(waits[3]).toBe(20);
  });

  test("/redirect/N leads over N hops to /get", async () => {
    expect((await ask("/redirect/2")).headers.get("location")).toBe("/redirect/1");
    expect((await fetch(`${base}/redirect/3`)).url).toBe(`${base}/get`);
  });

  test("/gzip is compressed", async () => {
    const { text, headers } = await ask("/gzip");
    expect([JSON.parse(text).gzipped, headers.get("content-encoding")]).toEqual([true, "gzip"]);
  });

  test("/stream/N is N lines in chunks", async () => {
    const { text, headers } = await ask("/stream/3");
    expect([text, headers.get("transfer-encoding")]).toEqual(['{"line":0}\n{"line":1}\n{"line":2}\n', "chunked"]);
  });

  test("/events/N is N events, those behind Last-Event-ID alone", async () => {
    const { text, headers } = await ask("/events/3?every=0", { headers: { "last-event-id": "1" } });
    const event = (id: number) => `id: ${id}\nevent: tick\ndata: {"n":${id},"text":"登录"}\n\n`;
    expect([text, headers.get("content-type")]).toEqual([event(2) + event(3), "text/event-stream"]);
    expect((await ask("/events/x")).status).toBe(400);
    expect((await ask("/events/1?every=-1")).status).toBe(400);
  });

  test("/ws sends back what it gets; an upgrade elsewhere is refused", async () => {
    const socket = new WebSocket(`${base.replace("http", "ws")}/ws`);
    await once(socket, "open");
    socket.send("登录");
    const [answer] = (await once(socket, "message")) as [MessageEvent];
    expect(answer.data).toBe("登录");
    socket.close();
    await once(socket, "close");
    const other = new WebSocket(`${base.replace("http", "ws")}/get`);
    await once(other, "error");
  });

  test("/basic-auth accepts the user and password of its path", async () => {
    const authorization = `Basic ${Buffer.from("anna:geheim").toString("base64")}`;
    expect((await ask("/basic-auth/anna/geheim", { headers: { authorization } })).status).toBe(200);
  });

  test("/login gives a token that /bearer takes, and a cookie", async () => {
    const login = await ask("/login", { method: "POST", body: '{"username":"anna","password":"x"}' });
    const { token } = JSON.parse(login.text) as { token: string };
    expect(login.headers.get("set-cookie")).toBe(`session=${token}; Path=/; HttpOnly`);
    const { text } = await ask("/bearer", { headers: { authorization: `Bearer ${token}` } });
    expect(JSON.parse(text)).toEqual({ authenticated: true, token });
    expect((await ask("/login", { method: "POST", body: "nonsense" })).status).toBe(401);
  });

  test("/cookies/set sets cookies, /cookies shows them", async () => {
    const set = await ask("/cookies/set?a=1&b=2");
    expect([set.status, set.headers.getSetCookie()]).toEqual([302, ["a=1; Path=/", "b=2; Path=/"]]);
    expect(JSON.parse((await ask("/cookies", { headers: { cookie: "a=1; b=2" } })).text)).toEqual({
      cookies: { a: "1", b: "2" },
    });
  });

  test("/shop: a session fills its cart and pays what it costs with a signed order; its books say so", async () => {
    const send = (path: string, body: object, headers: Record<string, string> = {}) =>
      ask(path, { method: "POST", body: JSON.stringify(body), headers });
    const login = await send("/shop/login", { username: "达华", password: "x" });
    const cookie = login.headers.get("set-cookie")?.split(";")[0] ?? "";
    expect((await send("/shop/cart", { product: "p1" })).status).toBe(401);
    expect((await send("/shop/cart", { product: "p10" }, { cookie })).status).toBe(409);
    expect((await send("/shop/cart", { product: "p1", quantity: 0 }, { cookie })).status).toBe(400);
    const cart = await send("/shop/cart", { product: "p1", quantity: 2 }, { cookie });
    expect([cart.status, JSON.parse(cart.text).total_cents]).toEqual([201, 998]);
    const pay = (total: number, key: string) => {
      const body = { total_cents: total };
      const signature = createHmac("sha256", key).update(JSON.stringify(body)).digest("base64");
      return send("/shop/checkout", body, { cookie, "x-signature": signature });
    };
    expect((await pay(998, "wrong")).status).toBe(403);
    expect((await pay(997, "demo")).status).toBe(409);
    expect((await pay(998, "demo")).text).toBe('{"order":"o1","user":"达华","total_cents":998}');
    expect((await pay(0, "demo")).status).toBe(409);
    const books = JSON.parse((await ask("/shop/stats")).text);
    expect(books).toEqual({ logins: 1, users: 1, orders: 1, revenue_cents: 998 });
  });

  test.each([
    ["/shop/products?category=books&page=2", 200],
    ["/shop/products?page=0", 400],
    ["/shop/products/p64", 200],
    ["/shop/products/p65", 404],
    ["/shop/search", 400],
    ["/shop/search?q=%E8%8C%B6", 200],
    ["/shop/cart", 401],
    ["/shop", 404],
  ])("%s answers %i", async (path, status) => {
    expect((await ask(path)).status).toBe(status);
  });
});
