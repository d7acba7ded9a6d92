import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { certificates } from "../../test/support/certificates.ts";

/** Where the benchmarks' target runs. */
export const serverCore = "1";

/**
 * The target of the benchmarks: nginx with one worker, pinned to one core. `/` answers with a small JSON text, POSTs too, `/large`
 * with 1 MB, `/go` redirects to `/` and sets a cookie, `/cipher` tells how it was reached.
 */
export interface Target {
  readonly port: number;
  /** `http://127.0.0.1:PORT/` */
  readonly url: string;
  /** The same over TLS, HTTP/2 and 1.1. */
  readonly secureUrl: string;
  /** Requests it has served so far, by its own count. */
  countServed(): Promise<number>;
  close(): Promise<void>;
}

export async function startNginx(core: string): Promise<Target> {
  const folder = await mkdtemp(join(tmpdir(), "bench-nginx-"));
  const port = await freePort();
  const securePort = await freePort();
  await writeFile(join(folder, "large"), Buffer.alloc(1_000_000, "0123456789"));
  await writeFile(
    join(folder, "nginx.conf"),
    `daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log crit;
worker_rlimit_nofile 65536;
events { worker_connections 32768; }
http {
  sendfile on;
  access_log off;
  keepalive_requests 1000000000;
  keepalive_timeout 300s;
  http2_max_concurrent_streams 1000;
  client_body_temp_path ${folder}; proxy_temp_path ${folder}; fastcgi_temp_path ${folder};
  uwsgi_temp_path ${folder}; scgi_temp_path ${folder};
  server {
    listen 127.0.0.1:${port} backlog=16384;
    listen 127.0.0.1:${securePort} ssl http2 backlog=16384;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_certificate ${certificates.server.cert};
    ssl_certificate_key ${certificates.server.key};
    location /served { stub_status; }
    location = /cipher { default_type text/plain; return 200 '$ssl_protocol $ssl_cipher\\n'; }
    location = /large { root ${folder}; }
    location = /go { add_header Set-Cookie "sid=0123456789abcdef; Path=/"; return 302 /; }
    location / { default_type application/json; return 200 '{"id":42,"name":"workflow","ok":true}'; }
  }
}
`,
  );
  const child = spawn("taskset", ["-c", core, "nginx", "-p", folder, "-c", join(folder, "nginx.conf")], {
    stdio: "ignore",
  });
  const ended = once(child, "close");
  await waitForPort(port);
  return {
    port,
    url: `http://127.0.0.1:${port}/`,
    secureUrl: `https://127.0.0.1:${securePort}/`,
    async countServed() {
      const text = await (await fetch(`http://127.0.0.1:${port}/served`)).text();
      return Number(/^\s*\d+ \d+ (\d+)/m.exec(text)?.[1]);
    },
    async close() {
      child.kill("SIGTERM");
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

async function waitForPort(port: number): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (performance.now() < deadline) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1");
      socket.once("connect", () => {
        socket.destroy();
        resolve(true);
      });
      socket.once("error", () => resolve(false));
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`nginx does not listen on port ${port}`);
}
