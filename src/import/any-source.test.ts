import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { importText } from "../../test/support/imported.ts";
import { EngineError } from "../errors.ts";
import type { ImportFormat } from "./formats.ts";

/** Texts that break what takes them in without care. */
const odd = fc.oneof(
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.constantFrom(
    "",
    "${",
    "${x}",
    "$${",
    "{{a}}",
    "${__P(a)}",
    "${__Random(1,${b})}",
    "__proto__",
    "constructor",
    "a b",
    "\u0000",
    "'\"\\",
    "#",
    "- x",
    "é茶",
    "\ud800",
    "true",
    "null",
    "1e999",
    "x".repeat(200),
  ),
);
const url = fc.oneof(
  fc.webUrl({ withQueryParameters: true }),
  odd.map((text) => `http://a.test/${text}`),
  odd,
);
const xml = (text: string): string =>
  text.replaceAll(/[&<>"\u0000-\u001f\ufffe\uffff\ud800-\udfff]/gu, (each) =>
    /[&<>"]/.test(each) ? `&#${each.charCodeAt(0)};` : "?",
  );

/** Whatever it is, it becomes a valid workflow or an error of the user's. */
async function expectSound(format: ImportFormat, text: string): Promise<void> {
  try {
    expect((await importText(format, text)).problems).toEqual([]);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    expect(["invalid_request", "too_large"]).toContain(error.code);
  }
}

const headers = fc.array(
  fc.record({ name: fc.oneof(odd, fc.constantFrom("Cookie", "authorization", "Host")), value: odd }),
  { maxLength: 3 },
);
const har = fc
  .array(
    fc.record(
      {
        pageref: odd,
        time: fc.oneof(fc.integer(), odd),
        startedDateTime: fc.oneof(
          fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
          odd,
        ),
        request: fc.record({
          method: fc.oneof(fc.constantFrom("GET", "POST"), odd),
          url,
          headers,
          postData: fc.record(
            {
              mimeType: fc.oneof(
                odd,
                fc.constantFrom("application/json", "multipart/form-data", "application/x-www-form-urlencoded"),
              ),
              text: fc.oneof(odd, fc.json()),
              encoding: fc.constantFrom("", "base64"),
              params: headers,
            },
            { requiredKeys: [] },
          ),
        }),
        response: fc.record({ status: fc.integer({ min: -1, max: 700 }), redirectURL: url }),
      },
      { requiredKeys: ["request"] },
    ),
    { maxLength: 5 },
  )
  .map((entries) => JSON.stringify({ log: { pages: [{ id: "", title: "x" }], entries } }));

const items = fc.array(
  fc.record({
    name: odd,
    request: fc.record({
      method: fc.oneof(fc.constant("POST"), odd),
      url: fc.oneof(url, fc.record({ raw: url, query: headers, variable: headers })),
      header: headers.map((list) => list.map(({ name, value }) => ({ key: name, value }))),
      auth: fc.record({
        type: fc.constantFrom("basic", "bearer", "apikey", "x"),
        basic: fc.record({ username: odd }),
        bearer: fc.record({ token: odd }),
        apikey: fc.record({ key: odd, value: odd }),
      }),
      body: fc.record({
        mode: fc.constantFrom("raw", "graphql", "file", "urlencoded", "formdata"),
        raw: odd,
        urlencoded: fc.array(fc.record({ key: odd, value: odd })),
        formdata: fc.array(fc.record({ key: odd, value: odd })),
        graphql: fc.record({ query: odd, variables: odd }),
      }),
    }),
    event: fc.array(fc.record({ listen: fc.constantFrom("test", "prerequest"), script: fc.record({ exec: odd }) }), {
      maxLength: 1,
    }),
  }),
  { maxLength: 4 },
);
const postman = fc
  .record({
    info: fc.record({ name: odd }),
    variable: fc.array(fc.record({ key: odd, value: odd })),
    item: fc.array(fc.record({ name: odd, item: items })),
  })
  .map((value) => JSON.stringify(value));

const schema = fc.oneof(
  fc.record(
    {
      type: fc.oneof(fc.constantFrom("string", "integer", "array", "object"), odd),
      format: odd,
      minimum: fc.double(),
      minLength: fc.integer(),
      maxLength: fc.integer(),
      multipleOf: fc.double(),
      properties: fc.dictionary(odd, fc.record({ type: fc.constant("string"), example: fc.jsonValue() })),
      items: fc.record({ $ref: odd }),
    },
    { requiredKeys: [] },
  ),
  fc.constant({ $ref: "#/components/schemas/A" }),
);
const openapi = fc
  .record({
    openapi: fc.constant("3.0.0"),
    servers: fc.array(fc.record({ url })),
    components: fc.record({
      schemas: fc.record({ A: schema }),
      securitySchemes: fc.dictionary(
        odd,
        fc.record({
          type: fc.constantFrom("http", "apiKey", "oauth2"),
          scheme: fc.constantFrom("basic", "bearer"),
          name: odd,
          in: fc.constantFrom("header", "query", "cookie"),
        }),
      ),
    }),
    security: fc.array(fc.dictionary(odd, fc.constant([]))),
    paths: fc.dictionary(
      odd.map((text) => `/${text}`),
      fc.record({
        post: fc.record(
          {
            operationId: odd,
            tags: fc.array(odd),
            parameters: fc.array(
              fc.record({
                name: odd,
                in: fc.constantFrom("query", "path", "header", "cookie"),
                required: fc.boolean(),
                example: fc.jsonValue(),
                schema,
              }),
            ),
            responses: fc.dictionary(fc.constantFrom("200", "2XX", "default", "299"), fc.constant({})),
            requestBody: fc.record({
              content: fc.dictionary(
                fc.constantFrom(
                  "application/json",
                  "multipart/form-data",
                  "text/plain",
                  "application/x-www-form-urlencoded",
                ),
                fc.record({ schema, example: fc.jsonValue() }, { requiredKeys: [] }),
              ),
            }),
          },
          { requiredKeys: [] },
        ),
      }),
    ),
  })
  .map((value) => JSON.stringify(value));

const words = fc
  .array(
    fc.oneof(
      odd,
      url,
      fc.constantFrom(
        "-X",
        "-H",
        "-d",
        "-F",
        "-u",
        "-b",
        "-G",
        "-I",
        "--json",
        "-m",
        "--data-urlencode",
        "--next",
        "a: b",
        "-k",
        "--max-redirs",
        "3",
        "a=@b",
        "--cert",
      ),
    ),
    { maxLength: 10 },
  )
  .map((list) => `curl ${list.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ")}`);

const prop = (name: string): fc.Arbitrary<string> =>
  odd.map((value) => `<stringProp name="${name}">${xml(value)}</stringProp>`);
const element = fc.oneof(
  fc
    .tuple(
      odd,
      prop("HTTPSampler.domain"),
      prop("HTTPSampler.port"),
      prop("HTTPSampler.path"),
      fc.oneof(prop("HTTPSampler.method"), fc.constant("")),
      odd,
      odd,
    )
    .map(
      ([name, domain, port, path, method, key, value]) =>
        `<HTTPSamplerProxy testname="${xml(name)}">${domain}${port}${path}${method}<elementProp name="HTTPsampler.Arguments"><collectionProp name="Arguments.arguments"><elementProp name="x"><stringProp name="Argument.name">${xml(key)}</stringProp><stringProp name="Argument.value">${xml(value)}</stringProp></elementProp></collectionProp></elementProp></HTTPSamplerProxy><hashTree/>`,
    ),
  fc
    .tuple(
      prop("JSONPostProcessor.referenceNames"),
      fc.oneof(
        prop("JSONPostProcessor.jsonPathExprs"),
        odd.map((text) => `<stringProp name="JSONPostProcessor.jsonPathExprs">$.${xml(text)}</stringProp>`),
      ),
    )
    .map((list) => `<JSONPostProcessor>${list.join("")}</JSONPostProcessor><hashTree/>`),
  fc
    .tuple(
      prop("RegexExtractor.refname"),
      fc.oneof(
        prop("RegexExtractor.regex"),
        fc.constant('<stringProp name="RegexExtractor.regex">(?&lt;=a)b\\1(c|</stringProp>'),
      ),
    )
    .map((list) => `<RegexExtractor>${list.join("")}</RegexExtractor><hashTree/>`),
  fc
    .tuple(
      fc.array(prop("1"), { maxLength: 2 }),
      fc.constantFrom("1", "2", "8", "16", "6", "33", "34", "48"),
      fc.constantFrom("response_data", "response_code", "response_headers"),
    )
    .map(
      ([texts, bits, field]) =>
        `<ResponseAssertion><collectionProp name="Asserion.test_strings">${texts.join("")}</collectionProp><stringProp name="Assertion.test_field">Assertion.${field}</stringProp><intProp name="Assertion.test_type">${bits}</intProp></ResponseAssertion><hashTree/>`,
    ),
  fc
    .tuple(prop("JSON_PATH"), prop("EXPECTED_VALUE"), fc.boolean())
    .map(
      ([path, value, regex]) =>
        `<JSONPathAssertion>${path.replace(">", ">$.")}${value}<boolProp name="JSONVALIDATION">true</boolProp><boolProp name="ISREGEX">${String(regex)}</boolProp></JSONPathAssertion><hashTree/>`,
    ),
  fc
    .tuple(
      prop("BoundaryExtractor.refname"),
      prop("BoundaryExtractor.lboundary"),
      prop("BoundaryExtractor.rboundary"),
      prop("RegexExtractor.template"),
    )
    .map((list) => `<BoundaryExtractor>${list.join("")}</BoundaryExtractor><hashTree/>`),
  fc
    .tuple(odd, fc.constantFrom("XPathExtractor2.xpathQuery", "HtmlExtractor.expr"), fc.constantFrom("//a", "a.b", "-"))
    .map(
      ([text, name, path]) =>
        `<${name.startsWith("X") ? "XPath2Extractor" : "HtmlExtractor"}><stringProp name="XPathExtractor2.refname">v</stringProp><stringProp name="HtmlExtractor.refname">v</stringProp><stringProp name="${name}">${path}${xml(text)}</stringProp></${name.startsWith("X") ? "XPath2Extractor" : "HtmlExtractor"}><hashTree/>`,
    ),
  fc
    .tuple(odd, fc.constantFrom("0", "1", "3"))
    .map(
      ([size, operator]) =>
        `<SizeAssertion><stringProp name="Assertion.test_field">SizeAssertion.response_data</stringProp><stringProp name="SizeAssertion.size">${xml(size)}</stringProp><intProp name="SizeAssertion.operator">${operator}</intProp></SizeAssertion><hashTree/><TestAction><intProp name="ActionProcessor.action">1</intProp><stringProp name="ActionProcessor.duration">${xml(size)}</stringProp></TestAction><hashTree/>`,
    ),
  fc
    .tuple(prop("IfController.condition"))
    .map((list) => `<IfController>${list.join("")}</IfController><hashTree><HTTPSamplerProxy/><hashTree/></hashTree>`),
  fc
    .tuple(
      fc.constantFrom(
        "LoopController",
        "WhileController",
        "ForeachController",
        "ThroughputController",
        "RandomController",
        "SwitchController",
        "InterleaveControl",
        "OnceOnlyController",
        "ModuleController",
      ),
      prop("SwitchController.value"),
      prop("LoopController.loops"),
      prop("WhileController.condition"),
      prop("ForeachController.inputVal"),
      prop("ForeachController.returnVal"),
    )
    .map(
      ([kind, ...list]) =>
        `<${kind} testname="c">${list.join("")}</${kind}><hashTree><HTTPSamplerProxy/><hashTree/><HTTPSamplerProxy testname="b"/><hashTree/></hashTree>`,
    ),
  fc
    .tuple(
      fc.constantFrom("ConstantTimer", "PoissonRandomTimer", "SyncTimer", "DurationAssertion", "CounterConfig"),
      prop("ConstantTimer.delay"),
      prop("DurationAssertion.duration"),
      prop("CounterConfig.name"),
      prop("groupSize"),
    )
    .map(([kind, ...list]) => `<${kind}>${list.join("")}</${kind}><hashTree/>`),
);
const jmx = fc
  .tuple(fc.array(element, { maxLength: 6 }), prop("ThreadGroup.num_threads"), odd, fc.integer({ min: -1, max: 5 }))
  .map(
    ([list, threads, name, loops]) =>
      `<jmeterTestPlan><hashTree><TestPlan testname="${xml(name)}"/><hashTree><ThreadGroup testname="${xml(name)}">${threads}<elementProp name="ThreadGroup.main_controller"><stringProp name="LoopController.loops">${loops}</stringProp></elementProp></ThreadGroup><hashTree>${list.join("")}<HTTPSamplerProxy/></hashTree></hashTree></hashTree></jmeterTestPlan>`,
  );

const literal = odd.map((text) => JSON.stringify(text));
const code = fc.oneof(
  literal,
  literal.map((text) => `\`\${a}${text.slice(1, -1).replaceAll(/[`\\]|\$\{/g, "_")}\``),
  fc.constantFrom(
    "a",
    "b.c",
    "r.json('a.0.b')",
    "r.json()['x y'].z",
    "r.headers['X-A']",
    "__ENV.A || 'b'",
    "__ENV.A ? 1 : 2",
    "uuidv4()",
    "-1",
    "Date.now() - 5",
    "a && !b",
    "Math.floor(Math.random() * 9)",
    "Math.random() * 3",
    "list[__VU % list.length].n",
    "list[Math.floor(Math.random() * list.length)].m",
    "randomItem(words)",
    "words[exec.scenario.iterationInTest]",
    "{...b, a: list.length}",
    "r.body",
    "randomItem([1, a])",
    "x => x",
  ),
);
const statement = fc.oneof(
  code.map((text) => `const a = ${text};`),
  fc
    .tuple(code, code, code)
    .map(
      ([target, body, header]) =>
        `const r = http.post(${target}, ${body}, {headers: {h: ${header}}, tags: {name: ${target}}});`,
    ),
  fc.tuple(code, code).map(([left, right]) => `if (${left} === ${right}) { http.get("http://a.test/" + ${right}); }`),
  fc
    .tuple(literal, code)
    .map(
      ([name, value]) =>
        `check(r, {${name}: (x) => x.json("a.b") === ${value}, b: (x) => x.headers[${name}] && x.body.includes(${value})});`,
    ),
  fc.tuple(literal, code).map(([name, value]) => `group(${name}, () => { http.get(${value}); sleep(${value}); });`),
);
const k6 = fc
  .tuple(
    fc.array(statement, { maxLength: 6 }),
    fc.dictionary(
      fc.constantFrom(
        "vus",
        "duration",
        "iterations",
        "stages",
        "maxRedirects",
        "thresholds",
        "userAgent",
        "setupTimeout",
        "tags",
        "executor",
        "scenarios",
      ),
      fc.jsonValue(),
    ),
  )
  .map(
    ([list, options]) =>
      `import http from "k6/http"; import exec from "k6/execution"; const list = [{n: 1}, {n: "\${"}]; const words = ["a", "__proto__"]; export const options = ${JSON.stringify(options)}; const b = {c: 1}; export default function () { ${list.map((each) => `{${each}}`).join("\n")} http.get("http://a.test/"); }`,
  );

const sources = { har, postman, openapi, curl: words, jmx, k6 } as const satisfies Record<
  ImportFormat,
  fc.Arbitrary<string>
>;

/** The same sources each time; FUZZ_RUNS=1000 looks for new ones. */
const runs = process.env["FUZZ_RUNS"];
const effort = runs === undefined ? { numRuns: 60, seed: 7 } : { numRuns: Number(runs) };

describe("whatever a source holds, what is written is a valid workflow", () => {
  test.each(Object.entries(sources))(
    "%s",
    async (format, source) => {
      await fc.assert(
        fc.asyncProperty(source, (text) => expectSound(format as ImportFormat, text)),
        { ...effort },
      );
    },
    90_000,
  );
});
