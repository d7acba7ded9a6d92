import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Report } from "../../src/protocol/report.ts";
import { countRequests } from "../support/accounts.ts";
import { startCluster } from "../support/cluster.ts";
import { type RunningCommand, startCommand } from "../support/command.ts";
import { startDemo } from "../support/demo.ts";
import { copyUnhurried } from "../support/patient-example.ts";

/** Plays the example's load on one machine, or on three slaves, until it has sold something; gives its report. */
async function play(
  place: "run" | "run --threads 2" | "three slaves",
  url: string,
  hasSold: () => Promise<boolean>,
): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), "shop-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "report.json");
  const shop = copyUnhurried("examples/shop/shop.yaml");
  const args = [shop, "-e", `DEMO_URL=${url}`, "-e", "duration=10m", "--out-json", file];
  const stop = async ({ child, finished }: RunningCommand) => {
    await expect.poll(hasSold, { timeout: 120_000 }).toBe(true);
    child.kill("SIGINT");
    const { code, stderr } = await finished;
    expect([code, stderr]).toEqual([105, expect.not.stringMatching(/error|warning/)]);
  };
  if (place === "three slaves") {
    const cluster = await startCluster();
    for (const id of ["a", "b", "c"]) await cluster.addSlave(id);
    const command = startCommand(["submit", ...args, "--master", cluster.url], { deadlineMs: 170_000 });
    await command.seen(/submitted to/);
    await cluster.waitFor("latest", ({ slave_states: states }) =>
      ["a", "b", "c"].every((id) => (states[id]?.iterations ?? 0) > 0),
    );
    await stop(command);
  } else await stop(startCommand([...place.split(" "), ...args], { deadlineMs: 170_000 }));
  return JSON.parse(readFileSync(file, "utf8")) as Report;
}

test.each(["run", "run --threads 2", "three slaves"] as const)(
  "the shop's own books are the report's, and no user logs in twice: %s",
  { timeout: 180_000 },
  async (place) => {
    const demo = await startDemo();
    let looked = 0;
    const readBooks = async () => {
      looked++;
      return (await (await fetch(`${demo.url}/shop/stats`)).json()) as Readonly<Record<string, number>>;
    };
    const report = await play(place, demo.url, async () => ((await readBooks())["orders"] ?? 0) > 3);
    const asked = demo.requests() - looked;
    expect(asked).toBe(countRequests(report));
    const books = await readBooks();
    const stepCount = (step: string) => report.step_metrics[step]?.success_count ?? 0;
    const { revenue_cents: revenue = 0, ...counts } = books;
    expect(counts).toEqual({
      logins: stepCount("login"),
      users: stepCount("login"),
      orders: stepCount("checkout"),
    });
    expect(counts["orders"]).toBeGreaterThan(3);
    const orderValue = report.metrics["order_value"]?.values ?? {};
    expect(orderValue["count"]).toBe(counts["orders"]);
    expect(orderValue["avg"]).toBeCloseTo(revenue / 100 / (counts["orders"] ?? 0), 2);
    const missed = report.thresholds.filter(({ passed }) => passed === false);
    expect([missed, report.errors, report.degraded]).toEqual([[], [], false]);
    expect(report.slaves.filter(({ iterations }) => iterations > 0)).toHaveLength(place === "three slaves" ? 3 : 1);
  },
);
