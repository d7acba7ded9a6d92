import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Service } from "./service.ts";

/** InfluxDB 1 without accounts. */
export const influxdb: Service = {
  name: "influxdb",
  port: 8086,
  program: "influxd",
  folders: [],
  packages: ["influxdb"],
  user: null,
  args(folder, port) {
    const config = join(folder, "influxdb.conf");
    const sections = {
      meta: `dir = "${folder}/meta"`,
      data: `dir = "${folder}/data"\nwal-dir = "${folder}/wal"\nindex-version = "inmem"\nquery-log-enabled = false`,
      monitor: "store-enabled = false",
      http: `bind-address = "127.0.0.1:${port}"\nlog-enabled = false`,
    };
    const text = Object.entries(sections).map(([name, body]) => `[${name}]\n${body}\n`);
    writeFileSync(config, `reporting-disabled = true\nbind-address = "127.0.0.1:0"\n${text.join("")}`);
    return ["run", "-config", config];
  },
};
