import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { clientCore, hey, k6, productClient, wrk } from "./support/clients.ts";
import { findCommand } from "./support/commands.ts";
import { type Client, interleave } from "./support/interleave.ts";
import { serverCore, startNginx } from "./support/nginx.ts";
import { readSteal, stealBetween } from "./support/steal.ts";

const connections = 50;

/** The product against wrk, hey, autocannon and (where it is on PATH) k6: one keep-alive GET, 50 connections, interleaved rounds. */
export async function benchPeers(seconds: number, rounds: number): Promise<void> {
  const target = await startNginx(serverCore);
  const folder = await mkdtemp(join(tmpdir(), "bench-peers-"));
  try {
    const before = await readSteal();
    const standings = await interleave(await listClients(target.url, seconds, folder), rounds);
    console.log(`GET, keep-alive, ${connections} connections, ${seconds} s, median of ${rounds} interleaved rounds`);
    console.log(`steal ${(stealBetween(before, await readSteal()) * 100).toFixed(1)} %`);
    console.log("client          requests/s   CPU us/request   x wrk's CPU   peak MB");
    for (const { name, rate, cpu, ratio, memory } of standings) {
      console.log(
        `${name.padEnd(16)}${rate.toFixed(0).padStart(10)}${cpu.toFixed(2).padStart(17)}` +
          `${ratio.toFixed(2).padStart(14)}${memory.toFixed(0).padStart(10)}`,
      );
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
    await target.close();
  }
}

async function listClients(url: string, seconds: number, folder: string): Promise<Client[]> {
  const duration = `${seconds}s`;
  const assert = [{ type: "status", value: 200 }];
  const clients = [
    wrk(seconds, connections, url),
    await productClient(folder, "workflow-engine", {
      options: { vus: connections, duration },
      steps: [{ id: "get", type: "http", config: { url }, assert }],
    }),
    hey(seconds, connections, url),
    autocannon(seconds, url),
  ];
  if (!(await findCommand("k6"))) return clients;
  const right = { request: `http.get("${url}")`, check: "r.status === 200" };
  return [...clients, await k6(folder, "get", { vus: connections, duration }, right)];
}

function autocannon(seconds: number, url: string): Client {
  const script = join(import.meta.dirname, "../node_modules/autocannon/autocannon.js");
  return {
    name: "autocannon",
    cores: clientCore,
    command: [process.execPath, script, "-c", String(connections), "-d", String(seconds), "--json", url],
    requests: ({ stdout }) => Number((JSON.parse(stdout) as { requests: { total: number } }).requests.total),
  };
}
