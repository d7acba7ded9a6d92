import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Report } from "../../src/protocol/report.ts";
import { countRequests } from "../support/accounts.ts";
import { startCluster } from "../support/cluster.ts";
import { startCommand } from "../support/command.ts";
import { startDemo } from "../support/demo.ts";

/** How fast a busy machine answers is not what is asked here: a threshold of a duration may fail. */
const finished = expect.toSatisfy((code: number) => code === 0 || code === 99);

/** Plays the example's load on one machine, or on three slaves; gives its report. */
async function play(place: "run" | "run --threads 2" | "three slaves", url: string): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), "shop-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "report.json");
  const args = ["examples/shop/shop.yaml", "-e", `DEMO_URL=${url}`, "-e", "duration=4s", "-q", "--out-json", file];
  if (place === "three slaves") {
    const cluster = await startCluster();
    for (const id of ["a", "b", "c"]) await cluster.addSlave(id);
    const command = startCommand(["submit", ...args, "--master", cluster.url], { deadlineMs: 60_000 });
    expect(await command.finished).toMatchObject({ code: finished, stderr: "" });
  } else {
    const command = startCommand([...place.split(" "), ...args], { deadlineMs: 60_000 });
    expect(await command.finished).toMatchObject({ code: finished, stderr: "" });
  }
  return JSON.parse(readFileSync(file, "utf8")) as Report;
}

test.each(["run", "run --threads 2", "three slaves"] as const)(
  "the shop's own books are the report's, and no user logs in twice: %s",
  { timeout: 90_000 },
  async (place) => {
    const demo = await startDemo();
    const report = await play(place, demo.url);
    const asked = demo.requests();
    expect(asked).toBe(countRequests(report));
    const books = (await (await fetch(`${demo.url}/shop/stats`)).json()) as Readonly<Record<string, number>>;
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
    const missed = report.thresholds.filter(({ metric, passed }) => passed === false && !/duration/.test(metric));
    expect([missed, report.errors, report.degraded]).toEqual([[], [], false]);
    expect(report.slaves.filter(({ iterations }) => iterations > 0)).toHaveLength(place === "three slaves" ? 3 : 1);
  },
);
