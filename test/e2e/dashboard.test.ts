import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startCluster } from "../support/cluster.ts";
import { repository } from "../support/command.ts";

interface Dashboard {
  readonly panels: readonly {
    readonly title: string;
    readonly gridPos: { readonly x: number; readonly w: number };
    readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[];
  }[];
}

const dashboard = JSON.parse(
  readFileSync(join(repository, "deploy/grafana/workflow-engine.json"), "utf8"),
) as Dashboard;

test("every metric and label of the dashboard is one that a master with an execution tells", {
  timeout: 60_000,
}, async () => {
  const cluster = await startCluster();
  await cluster.addSlave("a");
  const workflow = {
    id: "w",
    options: { vus: 1, duration: "60s" },
    steps: [{ type: "sleep", config: { duration: "20ms" } }],
  };
  const id = await cluster.submit(workflow);
  await cluster.waitFor(id, ({ active_vus }) => active_vus === 1);
  const text = await (await fetch(`${cluster.url}/metrics`)).text();
  const lines = text.split("\n");
  for (const { title, targets } of dashboard.panels) {
    for (const { expr, legendFormat } of targets) {
      const names = expr.match(/workflow_engine_\w+/g) ?? [];
      expect(names.length, title).toBeGreaterThan(0);
      const samples = names.map((name) =>
        lines.find((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `)),
      );
      expect(samples, `${title}: ${names.join()}`).not.toContain(undefined);
      for (const name of names) expect(text, title).toContain(`# HELP ${name} `);
      const sample = samples[0];
      const labels = [...expr.matchAll(/(\w+)=~/g), ...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(
        ([, label]) => label,
      );
      // Prometheus itself adds the instance.
      for (const label of labels.filter((one) => one !== "instance")) expect(sample, title).toContain(`${label}="`);
    }
  }
});

const hasPromtool = spawnSync("promtool", ["--version"]).status === 0;

test.skipIf(!hasPromtool)(
  "promtool finds nothing wrong with what a master and a slave tell",
  {
    timeout: 60_000,
  },
  async () => {
    const cluster = await startCluster();
    await cluster.addSlave("甲");
    const { body } = await cluster.call("GET", "/slaves/%E7%94%B2");
    for (const url of [cluster.url, `http://${String(body["address"])}`]) {
      const input = await (await fetch(`${url}/metrics`)).text();
      expect(input).toContain("workflow_engine_slave_active_vus");
      const { status, stdout, stderr } = spawnSync("promtool", ["check", "metrics"], { input, encoding: "utf8" });
      expect([status, stdout, stderr]).toEqual([0, "", ""]);
    }
  },
);

test("no panel is wider than the page", () => {
  for (const { title, gridPos } of dashboard.panels) expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
});
