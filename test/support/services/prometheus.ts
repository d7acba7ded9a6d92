import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Service } from "./service.ts";

/** Prometheus that scrapes nothing and takes what is written to it. */
export const prometheus: Service = {
  name: "prometheus",
  port: 9090,
  program: "prometheus",
  folders: [],
  packages: ["prometheus"],
  user: null,
  args(folder, port) {
    const config = join(folder, "prometheus.yml");
    writeFileSync(config, "global: {}\n");
    return [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--web.enable-remote-write-receiver",
      "--enable-feature=native-histograms",
    ];
  },
};
