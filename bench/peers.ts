import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Cost, measureCommand } from "./support/measure-command.ts";
import { startNginx } from "./support/nginx.ts";
import { readSteal, stealBetween } from "./support/steal.ts";
import { findCommand, product } from "./support/commands.ts";

const CLIENT_CORE = "0";
const SERVER_CORE = "1";
const CONNECTIONS = 50;

interface Peer {
  readonly name: string;
  readonly command: readonly string[];
  /** Requests done, read from what the command printed. */
  requests(cost: Cost): number;
}

/** The product against wrk, hey, autocannon and (where it is on PATH) k6: one keep-alive GET, 50 connections, interleaved rounds. */
export async function benchPeers(seconds: number, rounds: number): Promise<void> {
  const target = await startNginx(SERVER_CORE);
  const folder = await mkdtemp(join(tmpdir(), "bench-peers-"));
  try {
    const peers = await listPeers(target.url, seconds, folder);
    const results = new Map<string, { cpu: number[]; rate: number[]; memory: number[]; ratio: number[] }>();
    const before = await readSteal();
    for (let round = 0; round < rounds; round++) {
      let wrk = Number.NaN;
      for (const peer of peers) {
        const cost = await measureCommand(peer.command, CLIENT_CORE);
        const requests = peer.requests(cost);
        if (cost.exitCode !== 0 || !(requests > 0)) {
          throw new Error(
            `${peer.name} failed (exit ${cost.exitCode}): ${cost.stderr.slice(-2_000)}${cost.stdout.slice(-500)}`,
          );
        }
        const cpu = ((cost.userSeconds + cost.systemSeconds) * 1e6) / requests;
        if (peer.name === "wrk") wrk = cpu;
        const row = results.get(peer.name) ?? { cpu: [], rate: [], memory: [], ratio: [] };
        row.cpu.push(cpu);
        row.rate.push(requests / seconds);
        row.memory.push(cost.peakMemory / 1e6);
        row.ratio.push(cpu / wrk);
        results.set(peer.name, row);
      }
    }
    console.log(`GET, keep-alive, ${CONNECTIONS} connections, ${seconds} s, median of ${rounds} interleaved rounds`);
    console.log(`steal ${(stealBetween(before, await readSteal()) * 100).toFixed(1)} %`);
    console.log("client          requests/s   CPU us/request   x wrk's CPU   peak MB");
    for (const [name, row] of results) {
      console.log(
        `${name.padEnd(16)}${median(row.rate).toFixed(0).padStart(10)}${median(row.cpu).toFixed(2).padStart(17)}` +
          `${median(row.ratio).toFixed(2).padStart(14)}${median(row.memory).toFixed(0).padStart(10)}`,
      );
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
    await target.close();
  }
}

async function listPeers(url: string, seconds: number, folder: string): Promise<Peer[]> {
  const workflow = join(folder, "get.yaml");
  await writeFile(
    workflow,
    `options: {vus: ${CONNECTIONS}, duration: ${seconds}s}
steps:
  - id: get
    type: http
    config: {url: "${url}"}
    assert: [{type: status, value: 200}]
`,
  );
  const peers: Peer[] = [
    {
      name: "wrk",
      command: ["wrk", "-t1", `-c${CONNECTIONS}`, `-d${seconds}s`, url],
      requests: ({ stdout }) => Number(/(\d+) requests in/.exec(stdout)?.[1]),
    },
    {
      name: "workflow-engine",
      command: [...product(), "run", workflow, "--threads", "1", "--json", "-q"],
      requests: ({ stdout }) => readCount(stdout),
    },
    {
      name: "hey",
      command: ["hey", "-z", `${seconds}s`, "-c", String(CONNECTIONS), "-cpus", "1", url],
      requests: ({ stdout }) => Number(/\[200\]\s+(\d+) responses/.exec(stdout)?.[1]),
    },
    {
      name: "autocannon",
      command: [...autocannon(), "-c", String(CONNECTIONS), "-d", String(seconds), "--json", url],
      requests: ({ stdout }) => Number((JSON.parse(stdout) as { requests: { total: number } }).requests.total),
    },
  ];
  if (await findCommand("k6")) {
    const script = join(folder, "get.js");
    await writeFile(
      script,
      `import http from "k6/http"; import { check } from "k6";
export const options = { vus: ${CONNECTIONS}, duration: "${seconds}s" };
export default function () { check(http.get("${url}"), { ok: (r) => r.status === 200 }); }
`,
    );
    const summary = join(folder, "k6.json");
    peers.push({
      name: "k6",
      command: ["k6", "run", "--quiet", "--summary-export", summary, script],
      requests: ({ stdout }) => Number(/http_reqs[^:]*:\s*(\d+)/.exec(stdout)?.[1]),
    });
  }
  return peers;
}

function autocannon(): string[] {
  return [process.execPath, join(import.meta.dirname, "../node_modules/autocannon/autocannon.js")];
}

function readCount(stdout: string): number {
  const report = JSON.parse(stdout) as { metrics: Record<string, { values: Record<string, number> }> };
  return report.metrics["http_reqs"]?.values["count"] ?? Number.NaN;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
