import { expect, test } from "vitest";
import { loadWorkflowObject } from "./load-workflow.ts";

function problemsOf(workflow: object): string[] {
  const loaded = loadWorkflowObject(workflow, { env: {} });
  return "problems" in loaded ? loaded.problems.map(({ path, message }) => `${path}: ${message}`) : [];
}

test("names that no request can carry are problems of the workflow, of all steps with headers", () => {
  const problems = problemsOf({
    options: { http: { headers: { "a b": "1", "x-fine": "2" } } },
    steps: [
      { type: "http", config: { url: "http://x/", headers: { "${env.NAME}": "1", "Transfer-Encoding": "chunked" } } },
      { type: "sse", config: { url: "http://x/", headers: { "x:y": "1" } } },
      { type: "http", config: { url: "http://x/", headers: [{ key: "é", value: "1" }] } },
      { type: "websocket", config: { url: "ws://x/", headers: { "x y": "1", Accept: "2" } } },
    ],
  });
  expect(problems).toEqual([
    'options.http.headers["a b"]: `a b` is no header name; use letters, digits and -',
    'steps[0].config.headers["${env.NAME}"]: `${env.NAME}` is no header name; it holds for every request, and takes no template',
    'steps[0].config.headers["Transfer-Encoding"]: header `transfer-encoding` cannot be set; the engine sends bodies with their length',
    'steps[1].config.headers["x:y"]: `x:y` is no header name; use letters, digits and -',
    "steps[2].config.headers[0]: `é` is no header name; use letters, digits and -",
    'steps[3].config.headers["x y"]: `x y` is no header name; use letters, digits and -',
  ]);
});
