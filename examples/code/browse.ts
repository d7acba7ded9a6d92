// A workflow as a program: what YAML would say, made with the words of a language and checked by its compiler.
//
//   workflow-engine run examples/code/browse.ts --demo-target
import { group, http, ref, sleep, switchCase, workflow } from "workflow-engine";

const base = ref("env.DEMO_URL");
const pages = ["/get", "/json", "/gzip"];

/** A request that must be answered with 200. */
const visit = (path: string) =>
  http({ url: base + path }, { id: `visit-${path.slice(1)}`, assert: [{ type: "status", value: 200 }] });

const order = http(
  { method: "POST", url: `${base}/post`, json: { item: ref("random_int(1, 100)"), buyer: ref("vu.id") } },
  { id: "order", extract: [{ name: "buyer", path: "$.json.buyer" }] },
);

export default workflow({
  name: "Browse and order",
  options: {
    vus: 5,
    duration: "5s",
    thresholds: { http_req_failed: ["rate < 1%"], "http_req_duration{step:order}": ["p(95) < 500ms"] },
  },
  steps: [
    group({ steps: pages.map(visit) }, { id: "browse" }),
    sleep("10ms"),
    switchCase({
      cases: [
        { weight: 1, steps: [order] },
        { weight: 3, steps: [http(`${base}/get?leave=1`, { id: "leave" })] },
      ],
    }),
  ],
});
