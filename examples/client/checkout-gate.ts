// Runs a load test on a master, follows it, and decides by its report: a gate for a deployment.
//
//   npm install workflow-engine
//   MASTER=http://localhost:8080 TARGET=http://localhost:3000 node checkout-gate.ts
import { Client, EngineError } from "workflow-engine";

const client = new Client({
  master: process.env.MASTER ?? "http://localhost:8080",
  ...(process.env.WE_API_KEY ? { apiKey: process.env.WE_API_KEY } : {}),
});

const workflow = {
  id: "checkout",
  options: {
    rate: 20,
    duration: process.env.DURATION ?? "30s",
    thresholds: { http_req_failed: ["rate < 1%"], http_req_duration: ["p(95) < 500ms"] },
  },
  steps: [{ id: "cart", type: "http", config: { url: "${base}/get" } }],
};

try {
  const variables = { base: process.env.TARGET ?? "http://localhost:3000" };
  const checked = await client.validate({ workflow, variables });
  for (const { path, message } of checked.problems) console.log(`${path}: ${message}`);

  const { execution_id: id } = await client.submit({ workflow, variables, tags: { commit: "4b28b2d" } });
  console.log(`execution ${id}`);

  for await (const message of client.stream(id)) {
    if (message.type === "event") console.log(message.event.message);
    if (message.type === "metrics" && message.metrics.total_requests > 0) {
      const { p95 } = message.metrics.step_metrics.cart?.duration ?? { p95: null };
      console.log(`${message.status}: ${message.metrics.total_requests} requests, p95 ${p95} ms`);
    }
    if (message.type === "complete") console.log(`${message.status}, passed: ${message.report?.passed}`);
  }

  const report = await client.getReport(id);
  const { points } = await client.getTimeSeries(id, { step: "1s" });
  console.log(`${points.length} seconds, ${report.metrics.http_reqs?.values.count} requests`);
  process.exitCode = report.passed ? 0 : 1;
} catch (error) {
  if (!(error instanceof EngineError)) throw error;
  // The master's own code: `scheduling_failed` where no slave has room, `unreachable` where nobody answers …
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = 2;
}
