import { createTransport } from "../src/http/transport.ts";
import type { WireRequest } from "../src/http/exchange.ts";
import { defaultTls } from "../src/protocol/tls.ts";
import { createSystemClock } from "../src/run/system-clock.ts";
import { systemTime } from "../src/run/system-time.ts";

/**
 * The transport alone: clients that send keep-alive GETs without a pause.
 *
 *     node bench/transport.ts PORT [clients] [seconds]
 */
const [port = 8080, clients = 50, seconds = 5] = process.argv.slice(2).map(Number);

const clock = createSystemClock(systemTime);
const transport = createTransport(
  { maxHeader: 65_536, maxBody: 16_777_216, dnsTtlMs: 300_000, hosts: {}, sources: [] },
  { clock, permit: { maySend: () => true, refuses: () => null } },
);
const request: WireRequest = {
  origin: { secure: false, host: "127.0.0.1", port, key: `http://127.0.0.1:${port}` },
  bytes: Buffer.from(`GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`),
  head: false,
  retriable: true,
  keepHeaders: false,
  keepBody: false,
  expects: null,
  lastOnConnection: false,
  connectTimeoutMs: 10_000,
  tls: defaultTls,
  proxy: null,
  message: null,
  rest: null,
};

let exchanges = 0;
let failures = 0;

async function loop(end: number): Promise<void> {
  const client = transport.client(new AbortController().signal);
  for (;;) {
    const exchange = await client.exchange(request, clock.now() + 60_000);
    exchanges++;
    if (exchange.status !== 200) failures++;
    if (exchange.endedAt >= end) break;
  }
  client.close();
}

async function measure(ms: number): Promise<void> {
  exchanges = 0;
  failures = 0;
  const start = clock.now();
  const cpu = process.cpuUsage();
  await Promise.all(Array.from({ length: clients }, () => loop(start + ms)));
  const { user, system } = process.cpuUsage(cpu);
  const took = (clock.now() - start) / 1000;
  const perRequest = (user + system) / exchanges;
  console.log(
    `${Math.round(exchanges / took)} requests/s, CPU ${perRequest.toFixed(2)} us per request ` +
      `(${(user / exchanges).toFixed(2)} user, ${(system / exchanges).toFixed(2)} kernel), ${failures} failed`,
  );
}

await measure(1000);
await measure(seconds * 1000);
await transport.close();
