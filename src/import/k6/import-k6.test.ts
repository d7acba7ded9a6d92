import { expect, test } from "vitest";
import { parse } from "yaml";
import { importText } from "../../../test/support/imported.ts";
import { asObject } from "../../protocol/json-values.ts";
import type { Json, JsonObject } from "../../protocol/json.ts";

const beside: Readonly<Record<string, string>> = {
  "./users.json": '{"users": [{"name": "ann", "roles": ["a"]}, {"name": "bob", "roles": []}]}',
  "data/products.csv": "sku;price\nA-1;3\nA-2;5\n",
  "coupons.json": '["SPRING", "SUMMER"]',
  "orders.json": '[{"id": 1}]',
};

async function read(script: string) {
  const readBytes = (name: string): Uint8Array | null =>
    Object.hasOwn(beside, name) ? Buffer.from(beside[name] ?? "") : null;
  const imported = await importText("k6", `import http from "k6/http";\n${script}`, { readBytes });
  expect(imported.problems).toEqual([]);
  return {
    workflow: asObject(parse(imported.yaml) as Json),
    leftOut: imported.leftOut.map(({ what, where, why }) => `${what} (${where}): ${why}`),
    files: Object.fromEntries([...imported.files].map(([name, content]) => [name, String(content)])),
  };
}

/** The steps of a function with these statements. */
async function steps(statements: string, top = ""): Promise<readonly JsonObject[]> {
  const { workflow, leftOut } = await read(`${top}\nexport default function () { ${statements} }`);
  expect(leftOut).toEqual([]);
  return workflow["steps"] as readonly JsonObject[];
}

const lists = `
  import exec from "k6/execution";
  import { vu } from "k6/execution";
  const users = new SharedArray("users", function () { const all = JSON.parse(open("./users.json")); return all.users; });
  const products = new SharedArray("p", () => papaparse.parse(open("data/products.csv"), { header: true }).data);
  const coupons = JSON.parse(open("coupons.json"));
  const orders = JSON.parse(open("coupons.json")) && JSON.parse(open("orders.json"));
  const sizes = [{ n: 1 }, { n: 2 }];`;

test.each([
  ["users[__VU % users.length].name", "data.users.name", { file: "users.rows.json", per: "vu" }],
  ["users[(__VU - 1) % users.length].name", "data.users.name", { file: "users.rows.json", per: "vu" }],
  ["users[vu.idInTest - 1].name", "data.users.name", { file: "users.rows.json", per: "vu" }],
  ["users[exec.scenario.iterationInTest % users.length].name", "data.users.name", { file: "users.rows.json" }],
  ["users[__ITER].roles", "data.users.roles", { file: "users.rows.json" }],
  [
    "users[Math.floor(Math.random() * users.length)].name",
    "data.users.name",
    { file: "users.rows.json", mode: "random" },
  ],
  ["randomItem(coupons)", "data.coupons.value", { file: "coupons.rows.json", mode: "random" }],
  [
    "products[randomIntBetween(0, products.length - 1)].sku",
    "data.products.sku",
    { file: "products.csv", delimiter: ";", mode: "random" },
  ],
  ["sizes[__ITER % 2].n", "data.sizes.n", { file: "sizes.rows.json" }],
])("%s is %s", async (script, expression, feeder) => {
  const { workflow, leftOut } = await read(
    `${lists} export default function () { http.get(\`http://a.test/\${${script}}\`); }`,
  );
  expect(workflow["steps"]).toMatchObject([{ config: { url: `/\${${expression}}` } }]);
  expect(Object.values(asObject(workflow["data"]))).toEqual([feeder]);
  expect(leftOut).toEqual(["the constant orders (line 8): its value is not read"]);
});

test("rows of one list that are taken in several ways are several feeders, and each random place draws its own", async () => {
  const { workflow, files } = await read(`${lists}
    export default function () {
      const i = Math.floor(Math.random() * users.length);
      const { name, roles } = users[i];
      const mine = users[__VU % users.length];
      http.post("http://a.test/", JSON.stringify({ name, roles, mine, other: users[i].name, all: users.length }));
    }`);
  expect(workflow["data"]).toEqual({
    users: { file: "users.rows.json", mode: "random" },
    users_vu: { file: "users.rows.json", per: "vu" },
    users_random: { file: "users.rows.json", mode: "random" },
  });
  expect(workflow["steps"]).toMatchObject([
    {
      config: {
        json: {
          name: "${data.users.name}",
          roles: "${data.users.roles}",
          mine: "${data.users_vu}",
          other: "${data.users_random.name}",
          all: "${2}",
        },
      },
    },
  ]);
  expect(files).toEqual({ "users.rows.json": '[\n{"name":"ann","roles":["a"]},\n{"name":"bob","roles":[]}\n]\n' });
});

test("a file of rows is copied as it is; one that is not there, and a field that no row has, are listed", async () => {
  const { files, leftOut } = await read(`
    const orders = JSON.parse(open("orders.json"));
    const lost = JSON.parse(open("lost.json"));
    export default function () {
      http.get("http://a.test/" + orders[__ITER].id);
      http.get("http://a.test/" + orders[__ITER].nobody);
    }`);
  expect(files).toEqual({ "orders.json": '[{"id": 1}]' });
  expect(leftOut).toEqual([
    "the constant lost (line 4): its rows are not read, or its file is not beside the script",
    "the request (line 7): its URL is computed in a way that is not read",
  ]);
});

test("thresholds with tags, and those that end a run", async () => {
  const { workflow, leftOut } = await read(`
    const slow = new Trend("slow");
    export const options = {
      scenarios: { "buy it": { executor: "per-vu-iterations", exec: "buy", tags: { flow: "buy" } } },
      thresholds: {
        http_req_failed: [{ threshold: "rate<0.1", abortOnFail: true, delayAbortEval: "10s" }],
        "http_req_duration{name:login,status:200}": ["p(95)<100", { threshold: "max<900", abortOnFail: true }],
        "http_reqs{scenario:buy it}": ["count>1"],
        "checks{flow:buy}": ["rate>0.9"],
        "group_duration{group:::shop::cart}": ["avg<50"],
        "http_req_duration{name:nobody}": ["max<1"],
        "http_req_duration{scenario:nobody}": ["max<1"],
        slow: ["max<1"],
      },
    };
    export function buy() {
      http.get("http://a.test/", { tags: { name: "login", kind: "auth" } });
      group("shop", () => { group("cart", () => { http.get("http://a.test/cart"); }); });
    }`);
  expect(asObject(workflow["options"])["thresholds"]).toEqual({
    http_req_failed: [{ threshold: "rate<0.1", abortOnFail: true, delayAbortEval: "10s" }],
    "http_req_duration{name:login,status:200}": [
      { threshold: "p(95)<100", no_data: "pass" },
      { threshold: "max<900", abortOnFail: true, no_data: "pass" },
    ],
    "http_reqs{scenario:buy-it}": [{ threshold: "count>1", no_data: "pass" }],
    "checks{flow:buy}": [{ threshold: "rate>0.9", no_data: "pass" }],
    "group_duration{group:::shop::cart}": [{ threshold: "avg<50", no_data: "pass" }],
  });
  expect(leftOut).toEqual([
    "the metric slow (line 3): metrics of the script's own are not taken over",
    "the threshold http_req_duration{name:nobody}: max<1 (options): no step has such a tag",
    "the threshold http_req_duration{scenario:nobody}: max<1 (options): no step has such a tag",
    "the threshold slow: max<1 (options): only built-in metrics",
  ]);
});

test("what __ENV has in a scenario are variables of it", async () => {
  const { workflow } = await read(`
    const REGION = __ENV.REGION;
    export const options = { scenarios: {
      a: { executor: "per-vu-iterations", exec: "go", env: { REGION: "eu", API_TOKEN: "s3cret" } },
      b: { executor: "per-vu-iterations", exec: "go" },
    } };
    export function go() {
      http.get(\`http://a.test/\${REGION}/\${__ENV.REGION}\`, { headers: { "X-T": __ENV.API_TOKEN } });
    }`);
  const { a, b } = asObject(workflow["scenarios"]) as { readonly a: JsonObject; readonly b: JsonObject };
  expect(a["variables"]).toEqual({ REGION_of_the_scenario: "eu", API_TOKEN: "${secret.API_TOKEN}" });
  expect(a["steps"]).toMatchObject([
    { config: { url: "/${REGION}/${REGION_of_the_scenario}", headers: { "x-t": "${API_TOKEN}" } } },
  ]);
  expect(b["variables"]).toBeUndefined();
  expect(b["steps"]).toMatchObject([
    { config: { url: "/${REGION}/${env.REGION}", headers: { "x-t": "${env.API_TOKEN}" } } },
  ]);
});

test("what setup gives back is read where the test reads it", async () => {
  const { workflow, leftOut } = await read(`
    export function setup() {
      const login = http.post("http://a.test/login");
      return { token: login.json("token"), id: uuidv4() };
    }
    export default function (data) { http.get("http://a.test/" + data.token); http.get("http://a.test/" + data.id); }`);
  expect(workflow["setup"]).toMatchObject([{ extract: [{ name: "post_login_token", path: "$.token" }] }]);
  expect(workflow["steps"]).toMatchObject([{ config: { url: "/${post_login_token}" } }]);
  expect(leftOut).toEqual([
    "what setup gives back as id (line 5): its value is not read",
    "the request (line 7): its URL is computed in a way that is not read",
  ]);
});

test("a request whose response is read at once", async () => {
  expect(
    await steps('const id = http.get("http://a.test/").json().items[0].id; http.get(`http://a.test/${id}`);'),
  ).toMatchObject([
    { config: { url: "/" }, extract: [{ name: "get_items_0_id", path: "$.items[0].id" }] },
    { config: { url: "/${get_items_0_id}" } },
  ]);
});

test.each<[script: string, duration: Json]>([
  ["sleep(randomIntBetween(1, 3))", { min: "1000ms", max: "3000ms" }],
  ["sleep(randomIntBetween(5, 20) / 10)", "${(random_int(5, 20) / 10) * 1000}"],
  ["sleep(Math.random() * 2 + 0.1)", { min: "100ms", max: "2100ms" }],
  ["sleep(Math.random())", { min: "0ms", max: "1000ms" }],
  ["sleep(Math.floor(Math.random() * 3) + 1)", "${(random_int(0, 2) + 1) * 1000}"],
])("%s", async (script, duration) => {
  expect(await steps(`http.get("http://a.test/"); ${script};`)).toMatchObject([
    {},
    { type: "sleep", config: { duration } },
  ]);
});

test.each<[condition: string, checks: readonly JsonObject[]]>([
  ["r.json('token') !== undefined", [{ type: "json", path: "$.token", operator: "exists" }]],
  ["r.json('token') == null", [{ type: "json", path: "$.token", operator: "exists", value: false }]],
  ["!!r.json('token')", [{ type: "json", path: "$.token", operator: "exists" }]],
  ["[200, 201].includes(r.status)", [{ type: "status", operator: "in", value: [200, 201] }]],
  [
    "r.headers['Content-Type'].includes('json')",
    [{ type: "header", path: "Content-Type", operator: "contains", value: "json" }],
  ],
  ["r.json('vu') === __VU", [{ type: "json", path: "$.vu", operator: "eq", value: "${vu.id}" }]],
])("a check %s", async (condition, checks) => {
  const [step] = await steps(`const a = http.get("http://a.test/"); check(a, { ok: (r) => ${condition} });`);
  expect(step?.["checks"]).toEqual(checks.map((check) => ({ name: "ok", ...check })));
});

test("params: spread, a time as text, no body wanted", async () => {
  expect(
    await steps(
      `const auth = { "X-A": "1" };
       http.get("http://a.test/", { headers: { ...auth, "X-B": "2" }, timeout: "1m30s", responseType: "none" });`,
    ),
  ).toMatchObject([{ config: { headers: { "x-a": "1", "x-b": "2" }, timeout: "1m30s" } }]);
});

test("values of options that the environment sets have their defaults", async () => {
  const { workflow } = await read(`
    const users = JSON.parse(open("./users.json")).users;
    export const options = {
      scenarios: { a: { executor: "per-vu-iterations", vus: users.length, iterations: __ENV.N ? Number(__ENV.N) : 7 } },
    };
    export default function () { http.get("http://a.test/"); }`);
  expect(workflow["scenarios"]).toMatchObject({ a: { vus: 2, iterations: 7 } });
});
