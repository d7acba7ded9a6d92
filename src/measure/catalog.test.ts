import { expect, test } from "vitest";
import { builtInMetrics, compareMetrics, lookupMetric } from "./catalog.ts";

test("built-in metrics win over declared ones, declared ones over nothing", () => {
  expect(lookupMetric("http_reqs", { http_reqs: "trend" })).toMatchObject({ type: "counter", builtIn: true });
  expect(lookupMetric("checkout", { checkout: "trend" })).toEqual({
    name: "checkout",
    type: "trend",
    contains: "default",
    description: "",
    builtIn: false,
  });
  expect(lookupMetric("toString", {})).toBeUndefined();
});

test("every name is there once, times are trends", () => {
  expect(new Set(builtInMetrics.map(({ name }) => name)).size).toBe(builtInMetrics.length);
  for (const { contains, type } of builtInMetrics) expect(contains === "time").toBe(type === "trend");
});

test("metrics are ordered as in the catalog, custom ones last by name", () => {
  expect(["zeta", "vus", "alpha", "http_reqs", "checks"].toSorted(compareMetrics)).toEqual([
    "checks",
    "http_reqs",
    "vus",
    "alpha",
    "zeta",
  ]);
});
