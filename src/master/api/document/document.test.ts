import { createConfig, lintFromString } from "@redocly/openapi-core";
import { expect, test } from "vitest";
import { startApiServer } from "../../../../test/support/api-server.ts";
import { routes } from "../routes.ts";

test("the document is OpenAPI 3.1 without a complaint of the linter", async () => {
  const { call } = await startApiServer();
  const { status, text, body } = await call("GET", "/api/v1/openapi.json");
  expect([status, body]).toMatchObject([200, { openapi: "3.1.1", info: { title: "workflow-engine", version: "0" } }]);
  const config = await createConfig({
    extends: ["recommended-strict"],
    // A WebSocket is opened with 101.
    rules: { "operation-2xx-response": "off" },
  });
  const problems = await lintFromString({ source: text, absoluteRef: "openapi.json", config });
  expect(problems.map(({ ruleId, message, location }) => [ruleId, message, location[0]?.pointer])).toEqual([]);
});

test("every route stands in the document, with its role", async () => {
  const { call } = await startApiServer();
  const { paths } = (await call("GET", "/api/v1/openapi.json")).body as {
    readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly "x-role": string }>>>>;
  };
  const listed = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => `${method.toUpperCase()} ${path} ${operation["x-role"]}`),
  );
  const declared = Object.values(routes).flatMap(({ method, url, alias, role }) =>
    [url, ...(alias === undefined ? [] : [alias])].map(
      (each) => `${method} ${each.replace(/:(\w+)/g, "{$1}")} ${role}`,
    ),
  );
  expect(listed.toSorted()).toEqual(declared.toSorted());
});

test("the page shows every path, asks nobody else for anything and runs nothing", async () => {
  const { call } = await startApiServer();
  const page = await call("GET", "/api/docs");
  expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
  expect(page.headers.get("content-security-policy")).toContain("default-src 'none'; style-src 'self'");
  for (const { url } of Object.values(routes)) expect(page.text).toContain(url.replace(/:(\w+)/g, "{$1}"));
  expect(page.text).not.toMatch(/<script|\bon\w+=|style=|javascript:|https?:\/\//);
  const asked = [...page.text.matchAll(/(?:href|src)="([^"#]+)"/g)].map(([, target]) => target);
  expect(new Set(asked)).toEqual(new Set(["/api/docs/style.css", "/api/v1/openapi.json"]));
  const named = [...page.text.matchAll(/href="#([^"]+)"/g)].map(([, target = ""]) => target);
  expect(named.filter((id) => !page.text.includes(` id="${id}"`))).toEqual([]);
  const style = await call("GET", "/api/docs/style.css");
  expect([style.status, style.headers.get("content-type")]).toEqual([200, "text/css; charset=utf-8"]);
});
