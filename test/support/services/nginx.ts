import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Service } from "./service.ts";

/**
 * nginx, which speaks HTTP/2: without TLS too, then nothing else. A connection is for 100 requests. `/hello` is a file,
 * `/length` answers the length of a body it has read, `/small` takes none above 1 kB.
 */
export const nginx: Service = {
  name: "nginx",
  port: 8080,
  program: "nginx",
  folders: ["/usr/sbin"],
  packages: ["nginx"],
  user: null,
  args: (folder, port) => ["-p", folder, "-c", writeConfig(folder, `127.0.0.1:${port} http2`, []), "-g", "daemon off;"],
  tlsArgs(certificate, key, port) {
    const lines = [`ssl_certificate ${certificate};`, `ssl_certificate_key ${key};`, "ssl_protocols TLSv1.3;"];
    return ["-c", writeConfig(dirname(certificate), `127.0.0.1:${port} ssl http2`, lines)];
  },
};

function writeConfig(folder: string, listen: string, lines: readonly string[]): string {
  writeFileSync(join(folder, "hello"), "hello");
  const config = join(folder, lines.length === 0 ? "plain.conf" : "tls.conf");
  const inner = join(folder, "inner.sock");
  writeFileSync(
    config,
    // One process, of who starts it.
    `master_process off;
pid ${join(folder, "nginx.pid")};
error_log stderr;
events {}
http {
  access_log off;
  client_body_temp_path ${folder};
  proxy_temp_path ${folder};
  fastcgi_temp_path ${folder};
  uwsgi_temp_path ${folder};
  scgi_temp_path ${folder};
  client_max_body_size 10m;
  keepalive_requests 100;
  server {
    listen ${listen};
    ${lines.join("\n    ")}
    root ${folder};
    location = /hello { default_type text/plain; }
    location = /length { proxy_pass http://unix:${inner}; }
    location = /small { client_max_body_size 1k; proxy_pass http://unix:${inner}; }
  }
  server {
    listen unix:${inner};
    default_type text/plain;
    location / { return 200 $http_content_length; }
  }
}
`,
  );
  return config;
}
