import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ab, clientCore, h2load, hey, k6, productClient, wrk } from "./support/clients.ts";
import { nameCiphers } from "./support/name-ciphers.ts";
import { findCommand } from "./support/commands.ts";
import { type Client, interleave } from "./support/interleave.ts";
import { serverCore, startNginx, type Target } from "./support/nginx.ts";
import { readSteal, stealBetween } from "./support/steal.ts";

interface Setting {
  readonly target: Target;
  readonly seconds: number;
  /** For scripts; it is removed. */
  readonly folder: string;
  readonly hasK6: boolean;
}

interface Case {
  readonly name: string;
  /** The first is what the others are measured against. */
  clients(setting: Setting): Promise<readonly Client[]>;
}

const vus = 50;
const perSecond = 5_000;
const ours = "workflow-engine";
const assert = [{ type: "status", value: 200 }];
const get = (url: string) => [{ id: "get", type: "http", config: { url }, assert }];
/** An order of 1 KB. */
const order = {
  id: 42,
  customer: "Ann",
  items: Array.from({ length: 30 }, (_, id) => ({ id, name: "article", n: 1 })),
};

const cases: readonly Case[] = [
  {
    name: "TLS, keep-alive",
    clients: async ({ target: { secureUrl }, seconds, folder }) => [
      wrk(seconds, vus, secureUrl),
      await productClient(folder, ours, {
        options: { vus, duration: `${seconds}s`, http: { tls: { verify: false } } },
        steps: get(secureUrl),
      }),
    ],
  },
  {
    name: "a connection for each request",
    clients: async ({ target: { url }, seconds, folder }) => [
      wrk(seconds, vus, url, ["-H", "Connection: close"]),
      await productClient(folder, ours, {
        options: { vus, duration: `${seconds}s`, http: { connections: "none" } },
        steps: get(url),
      }),
      ab(seconds, vus, url),
      hey(seconds, vus, url, ["-disable-keepalive"]),
    ],
  },
  {
    name: "POST of 1 KB JSON, a field extracted",
    async clients({ target: { url }, seconds, folder, hasK6 }) {
      const script = join(folder, "post.lua");
      await writeFile(
        script,
        `wrk.method = "POST"; wrk.body = '${JSON.stringify(order)}'; wrk.headers["Content-Type"] = "application/json"
function response(status, headers, body) id = string.match(body, '"id":(%d+)') end
`,
      );
      const options = { vus, duration: `${seconds}s` };
      const config = { method: "POST", url, json: order };
      const extract = [{ name: "id", from: "body", path: "$.id" }];
      const post = `http.post("${url}", JSON.stringify(${JSON.stringify(order)}), { headers: { "Content-Type": "application/json" } })`;
      return [
        ...(hasK6 ? [await k6(folder, "post", options, { request: post, check: 'r.json("id") === 42' })] : []),
        wrk(seconds, vus, url, ["-s", script]),
        await productClient(folder, ours, { options, steps: [{ id: "post", type: "http", config, assert, extract }] }),
      ];
    },
  },
  {
    name: "answers of 1 MB, 10 connections",
    clients: async ({ target, seconds, folder }) => [
      wrk(seconds, 10, `${target.url}large`),
      await productClient(folder, ours, {
        options: { vus: 10, duration: `${seconds}s` },
        steps: get(`${target.url}large`),
      }),
    ],
  },
  {
    name: "a redirect (ours: and a cookie), by the pair",
    async clients({ target, seconds, folder, hasK6 }) {
      const url = `${target.url}go`;
      const options = { vus, duration: `${seconds}s` };
      const right = { request: `http.get("${url}")`, check: "r.status === 200" };
      return [
        // It follows, and keeps no cookies.
        hey(seconds, vus, url),
        await productClient(folder, ours, { options, steps: get(url) }, { counts: "iterations" }),
        ...(hasK6 ? [await k6(folder, "redirect", options, right, "iterations")] : []),
      ];
    },
  },
  {
    name: "HTTP/2 over TLS, 50 sessions",
    clients: async ({ target: { secureUrl }, seconds, folder }) => [
      h2load(seconds, vus, 1, secureUrl),
      await productClient(folder, ours, {
        options: { vus, duration: `${seconds}s`, http: { tls: { verify: false }, http_version: 2 } },
        steps: get(secureUrl),
      }),
    ],
  },
  {
    name: `${perSecond} a second`,
    async clients({ target: { url }, seconds, folder }) {
      const wrk2 = (await findCommand("wrk2")) === null ? [] : [wrk(seconds, vus, url, [`-R${perSecond}`], "wrk2")];
      const load = { mode: "constant-arrival-rate", rate: perSecond, pre_allocated_vus: vus, max_vus: 500 };
      return [
        ...wrk2,
        hey(seconds, vus, url, ["-q", String(perSecond / vus)]),
        await productClient(folder, ours, { options: { ...load, duration: `${seconds}s` }, steps: get(url) }),
      ];
    },
  },
  {
    name: "two threads against one of our own, on both cores",
    async clients({ target: { url }, seconds, folder }) {
      const workflow = { options: { vus, duration: `${seconds}s` }, steps: get(url) };
      const cores = `${clientCore},${serverCore}`;
      return [
        await productClient(folder, "1 thread", workflow, { cores }),
        await productClient(folder, "2 threads", workflow, { cores, threads: 2 }),
      ];
    },
  },
];

/** What a request costs beyond the plain GET of `peers`, each against the best peer that is installed. */
export async function benchPeersMore(seconds: number, rounds: number): Promise<void> {
  const target = await startNginx(serverCore);
  const folder = await mkdtemp(join(tmpdir(), "bench-peers-"));
  const hasK6 = (await findCommand("k6")) !== null;
  try {
    const before = await readSteal();
    console.log(`over TLS: ${await nameCiphers(target.secureUrl, folder)}`);
    console.log(`${seconds} s each, median of ${rounds} interleaved rounds; x: over the first of the case`);
    console.log(`${"case".padEnd(50)}client          requests/s  CPU us/request  x CPU  x rate  peak MB`);
    for (const { name, clients } of cases) {
      const standings = await interleave(await clients({ target, seconds, folder, hasK6 }), rounds);
      for (const [place, { name: client, rate, cpu, ratio, pace, memory }] of standings.entries()) {
        console.log(
          `${(place === 0 ? name : "").padEnd(50)}${client.padEnd(16)}${rate.toFixed(0).padStart(10)}` +
            `${cpu.toFixed(2).padStart(16)}${ratio.toFixed(2).padStart(7)}${pace.toFixed(2).padStart(8)}` +
            `${memory.toFixed(0).padStart(9)}`,
        );
      }
    }
    console.log(
      `steal ${(stealBetween(before, await readSteal()) * 100).toFixed(1)} %${hasK6 ? "" : "; no k6 on PATH"}`,
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
    await target.close();
  }
}
