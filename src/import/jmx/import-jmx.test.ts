import { expect, test } from "vitest";
import { parse } from "yaml";
import { importText } from "../../../test/support/imported.ts";
import { asObject } from "../../protocol/json-values.ts";
import type { Json, JsonObject } from "../../protocol/json.ts";

const escape = (text: string): string => text.replaceAll(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);

/** An element of a plan with its texts, and what is below it. */
function element(kind: string, name: string, props: Readonly<Record<string, string>> = {}, below = ""): string {
  const texts = Object.entries(props).map(([key, value]) => `<stringProp name="${key}">${escape(value)}</stringProp>`);
  return `<${kind} testname="${name}" enabled="true">${texts.join("")}</${kind}><hashTree>${below}</hashTree>`;
}

const request = (name: string, below = ""): string =>
  element("HTTPSamplerProxy", name, { "HTTPSampler.domain": "a.test", "HTTPSampler.path": `/${name}` }, below);

/** What a thread group with these elements becomes. */
async function read(inside: string, beside = "") {
  const group = element("ThreadGroup", "users", {}, inside);
  const imported = await importText(
    "jmx",
    `<jmeterTestPlan><hashTree><TestPlan testname="plan"/><hashTree>${beside}${group}</hashTree></hashTree></jmeterTestPlan>`,
  );
  expect(imported.problems).toEqual([]);
  const workflow = asObject(parse(imported.yaml) as Json);
  return {
    workflow,
    steps: workflow["steps"] as readonly JsonObject[],
    leftOut: imported.leftOut
      .filter(({ what }) => !what.startsWith("the value of the variable"))
      .map(({ what, why }) => `${what}: ${why}`),
  };
}

test.each<[kind: string, props: Readonly<Record<string, string>>, extraction: JsonObject]>([
  [
    "RegexExtractor",
    {
      "RegexExtractor.refname": "v",
      "RegexExtractor.regex": String.raw`name="(.+?)" \(x\) value="([^(]+)"`,
      "RegexExtractor.template": "$2$",
    },
    { from: "regex", path: "" },
  ],
  [
    "RegexExtractor",
    { "RegexExtractor.refname": "v", "RegexExtractor.regex": `(a+)-(b|c)`, "RegexExtractor.template": "$2$" },
    { from: "regex", path: "(?:a+)-(b|c)", default: "" },
  ],
  [
    "BoundaryExtractor",
    {
      "BoundaryExtractor.refname": "v",
      "BoundaryExtractor.lboundary": "<b>(",
      "BoundaryExtractor.rboundary": ")</b>",
      "BoundaryExtractor.default": "none",
    },
    { from: "regex", path: String.raw`<b>\(([\s\S]*?)\)<\/b>`, default: "none" },
  ],
  [
    "XPath2Extractor",
    {
      "XPathExtractor2.refname": "v",
      "XPathExtractor2.xpathQuery": "//li[@class='a']/text()",
      "XPathExtractor2.matchNumber": "-1",
    },
    { from: "xpath", path: "//li[@class='a']/text()", all: true, default: [] },
  ],
  [
    "XPathExtractor",
    { "XPathExtractor.refname": "v", "XPathExtractor.xpathQuery": "//title" },
    { from: "xpath", path: "//title", default: "" },
  ],
  [
    "HtmlExtractor",
    { "HtmlExtractor.refname": "v", "HtmlExtractor.expr": "input[name=token]", "HtmlExtractor.attribute": "value" },
    { from: "css", path: "input[name=token]@value", default: "" },
  ],
  [
    "JSONPostProcessor",
    {
      "JSONPostProcessor.referenceNames": "v",
      "JSONPostProcessor.jsonPathExprs": "$.items[*].id",
      "JSONPostProcessor.match_numbers": "2",
    },
    { from: "json", path: "$.items[1].id", default: "" },
  ],
])("a %s", async (kind, props, extraction) => {
  const { steps, leftOut } = await read(request("home", element(kind, "it", props)));
  if (extraction["path"] === "") {
    expect(steps[0]?.["extract"]).toBeUndefined();
    expect(leftOut).toEqual(["the extraction of v: its path or pattern cannot be taken over"]);
    return;
  }
  expect(steps[0]?.["extract"]).toEqual([{ name: "v", ...extraction }]);
  expect(leftOut).toEqual([]);
});

test.each(["matches(//a, 'b')", "//a[", "for $i in //a return $i", "//*:a", "//a/"])(
  "the XPath %s is not taken over",
  async (path) => {
    const props = { "XPathExtractor2.refname": "v", "XPathExtractor2.xpathQuery": path };
    const { leftOut } = await read(request("home", element("XPath2Extractor", "it", props)));
    expect(leftOut).toEqual(["the extraction of v: its path or pattern cannot be taken over"]);
  },
);

test.each<[field: string, bits: number, patterns: readonly string[], assert: readonly JsonObject[]]>([
  ["response_code", 33, ["200", "302"], [{ type: "status", operator: "in", value: [200, 302] }]],
  ["response_code", 2, [String.raw`2\d\d`], [{ type: "status", operator: "matches", value: String.raw`2\d\d` }]],
  ["response_data", 6, ["Exception"], [{ type: "body", operator: "not_contains", value: "Exception" }]],
  ["response_data", 6, ["err.r"], [{ type: "regex", path: "err.r", operator: "exists", value: false }]],
  ["response_data", 34, ["a.b", "c"], [{ type: "body", operator: "matches", value: "(?:a.b)|(?:c)" }]],
  ["response_data", 48, ["a.b", "c"], [{ type: "body", operator: "matches", value: String.raw`(?:a\.b)|(?:c)` }]],
  [
    "response_headers",
    2,
    ["Content-Type: application/json"],
    [{ type: "header", path: "Content-Type", operator: "contains", value: "application/json" }],
  ],
])("an assertion of %s, %i, %j", async (field, bits, patterns, assert) => {
  const texts = patterns.map((each) => `<stringProp name="1">${escape(each)}</stringProp>`).join("");
  const below = `<ResponseAssertion testname="it"><collectionProp name="Asserion.test_strings">${texts}</collectionProp><stringProp name="Assertion.test_field">Assertion.${field}</stringProp><intProp name="Assertion.test_type">${bits}</intProp></ResponseAssertion><hashTree/>`;
  const { steps, leftOut } = await read(request("home", below));
  expect(steps[0]?.["assert"]).toEqual(assert);
  expect(leftOut).toEqual([]);
});

test.each<[operator: string, size: string, assert: readonly JsonObject[] | undefined]>([
  ["3", "0", [{ type: "body", operator: "ne", value: "" }]],
  ["2", "0", [{ type: "body", operator: "ne", value: "" }]],
  ["1", "12", [{ type: "body", operator: "length", value: 12 }]],
  ["4", "12", undefined],
])("a size %s %s", async (operator, size, assert) => {
  const props = {
    "Assertion.test_field": "SizeAssertion.response_data",
    "SizeAssertion.size": size,
    "SizeAssertion.operator": operator,
  };
  const { steps } = await read(request("home", element("SizeAssertion", "it", props)));
  expect(steps[0]?.["assert"]).toEqual(assert);
});

test("controllers that choose", async () => {
  const two = request("k0") + request("k1");
  const { steps, leftOut } = await read(
    element("InterleaveControl", "turns", {}, two) +
      element("SwitchController", "fixed", { "SwitchController.value": "1" }, two) +
      element("SwitchController", "drawn", { "SwitchController.value": "${__Random(0,1)}" }, two) +
      element("SwitchController", "named", { "SwitchController.value": "${kind}" }, two + request("default")),
  );
  expect(leftOut).toEqual([]);
  const [turns, fixed, drawn, named] = steps as readonly [JsonObject, JsonObject, JsonObject, JsonObject];
  expect(turns).toMatchObject({
    type: "switch",
    config: {
      cases: [
        { expression: "vu.iteration % 2 == 0", steps: [{ name: "k0" }] },
        { expression: "vu.iteration % 2 == 1", steps: [{ name: "k1" }] },
      ],
    },
  });
  expect(fixed).toMatchObject({ type: "http", name: "k1" });
  expect(drawn).toMatchObject({ config: { cases: [{ weight: 1 }, { weight: 1 }] } });
  expect(named).toMatchObject({
    config: {
      cases: [
        { expression: 'text(kind) == "0" || text(kind) == "k0"' },
        { expression: 'text(kind) == "1" || text(kind) == "k1"' },
      ],
      default: [{ name: "default" }],
    },
  });
});

test("a while over a counter would never end: it is left out", async () => {
  const counter = element("CounterConfig", "n", { "CounterConfig.name": "n", "CounterConfig.start": "1" });
  const loop = (condition: string): string =>
    element("WhileController", "until", { "WhileController.condition": condition }, counter + request("a"));
  const { steps, leftOut } = await read(request("home") + loop("${__jexl3(${n} < 3,)}"));
  expect(steps).toHaveLength(1);
  expect(leftOut).toEqual([
    "the While Controller until with its steps: its condition is the counter n, which counts iterations here; use a loop with a count",
  ]);
  expect((await read(loop("${__jexl3(${nn} < 3,)}"))).steps).toMatchObject([{ config: { condition: "nn < 3" } }]);
});

test("pauses: of their own, and timers whose time is drawn", async () => {
  const pause = (duration: string): string =>
    element("TestAction", "rest", { "ActionProcessor.action": "1", "ActionProcessor.duration": duration });
  const timer = element("ConstantTimer", "think", { "ConstantTimer.delay": "${__Random(10,20)}" });
  const poisson = element("PoissonRandomTimer", "p", { "ConstantTimer.delay": "5", "RandomTimer.range": "10" });
  const { steps, leftOut } = await read(
    request("a", timer) + pause("100") + pause("${__Random(1,2)}") + request("b", poisson),
  );
  expect(steps).toMatchObject([
    { think_time: { min: "10ms", max: "20ms" } },
    { type: "sleep", config: { duration: "100" } },
    { type: "sleep", config: { duration: "${random_int(1, 2)}" } },
    { think_time: { min: "5ms", max: "25ms" } },
  ]);
  expect(leftOut).toEqual(["the distribution of p: even between delay and delay + 2 × lambda"]);
});

test("a function that keeps its value in a variable", async () => {
  const header = `<HeaderManager testname="h"><collectionProp name="HeaderManager.headers"><elementProp name=""><stringProp name="Header.name">X-A</stringProp><stringProp name="Header.value">\${__Random(1,9,n)}-\${n}</stringProp></elementProp></collectionProp></HeaderManager><hashTree/>`;
  const { workflow, steps } = await read(request("a", header));
  expect(workflow["variables"]).toMatchObject({ n: "${random_int(1, 9)}" });
  expect(steps).toMatchObject([{ config: { headers: { "x-a": "${n}-${n}" } } }]);
});

test("what cannot be said is listed with why, wherever it stands", async () => {
  const { leftOut } = await read(
    request("a", element("JSR223PostProcessor", "post")) +
      element("ModuleController", "module") +
      element("IncludeController", "include") +
      element("JSR223Sampler", "script") +
      element("ConstantThroughputTimer", "pace"),
    element("AuthManager", "auth") + element("TestFragmentController", "part", {}, request("b")),
  );
  expect(leftOut).toEqual([
    "the AuthManager auth: give `auth` to the steps or to `options.http`",
    "the TestFragmentController part: it runs only where a Module Controller names it",
    "the JSR223PostProcessor post: a script of the JVM; write it anew as `script`",
    "the ModuleController module: what it names runs where it stands alone",
    "the IncludeController include: import the plan that it includes, and use `call`",
    "the JSR223Sampler script: a script of the JVM; write it anew as `script`",
    "the ConstantThroughputTimer pace: an arrival rate is a load: see `rate`",
  ]);
});
