import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { startCluster } from "../support/cluster.ts";
import { repository } from "../support/command.ts";

interface Source {
  readonly type: string;
  readonly uid: string;
}

interface Dashboard {
  readonly panels: readonly {
    readonly id: number;
    readonly title: string;
    readonly datasource: Source;
    readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
    readonly targets: readonly { readonly refId: string; readonly expr: string; readonly legendFormat: string }[];
  }[];
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly type: string; readonly datasource?: Source }[];
  };
}

const dashboard = JSON.parse(
  readFileSync(join(repository, "deploy/grafana/workflow-engine.json"), "utf8"),
) as Dashboard;

test("every metric and label of the dashboard is one that a master with an execution tells", {
  timeout: 150_000,
}, async () => {
  const cluster = await startCluster();
  await cluster.addSlave("a");
  const workflow = {
    id: "w",
    options: { vus: 1, duration: "10m" },
    steps: [{ type: "sleep", config: { duration: "20ms" } }],
  };
  const id = await cluster.submit(workflow);
  await cluster.waitFor(id, ({ active_vus }) => active_vus === 1);
  let text = "";
  const read = async () => (text = await (await fetch(`${cluster.url}/metrics`)).text());
  // What an execution tells comes with its frames.
  const named = dashboard.panels.flatMap(({ targets }) =>
    targets.flatMap(({ expr }) => expr.match(/workflow_engine_\w+/g)),
  );
  const untold = async () => (await read()) && named.filter((name) => !text.includes(`\n${name}`));
  await expect.poll(untold).toEqual([]);
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

test.skipIf(!hasPromtool)("promtool can read every query of the dashboard", () => {
  const queries = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr.replaceAll(/\$\w+/g, ".*")));
  const rules = queries.map((expr, at) => ({ record: `panel:query:${at}`, expr }));
  const folder = mkdtempSync(join(tmpdir(), "we-dashboard-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "rules.json");
  writeFileSync(file, JSON.stringify({ groups: [{ name: "dashboard", rules }] }));
  const { stdout, stderr } = spawnSync("promtool", ["check", "rules", file], { encoding: "utf8" });
  expect([stderr, stdout]).toEqual(["", expect.stringContaining(`SUCCESS: ${queries.length} rules found`)]);
});

test("panels have ids of their own, stand beside each other and name only variables that there are", () => {
  const { panels, templating } = dashboard;
  const variables = new Set(templating.list.map(({ name }) => name));
  const source = { type: "prometheus", uid: "${datasource}" };
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  const taken = new Set<string>();
  for (const { title, datasource, gridPos, targets } of panels) {
    const { x, y, w, h } = gridPos;
    expect(x + w, title).toBeLessThanOrEqual(24);
    for (let place = 0; place < w * h; place++) {
      const cell = `${x + (place % w)}, ${y + Math.floor(place / w)}`;
      expect(taken, title).not.toContain(cell);
      taken.add(cell);
    }
    expect(datasource, title).toEqual(source);
    expect(new Set(targets.map(({ refId }) => refId)).size, title).toBe(targets.length);
    for (const { expr } of targets) {
      for (const [, name = ""] of expr.matchAll(/\$(\w+)/g)) expect(variables, title).toContain(name);
    }
  }
  expect(templating.list.find(({ name }) => name === "datasource")?.type).toBe("datasource");
  for (const { name, type, datasource } of templating.list)
    if (type === "query") expect(datasource, name).toEqual(source);
});
