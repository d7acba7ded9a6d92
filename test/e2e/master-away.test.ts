import { expect, test } from "vitest";
import { startCluster } from "../support/cluster.ts";
import { startTestTarget } from "../support/counting-target.ts";
import { createFolder } from "../support/workflows.ts";

test("a master that is killed and comes back after the leases tells every request of a load that ended without it", {
  timeout: 180_000,
}, async () => {
  const target = await startTestTarget();
  const cluster = await startCluster({ heartbeatTimeout: "10s", dataDir: createFolder() });
  for (const id of ["a", "b"]) await cluster.addSlave(id);
  const id = await cluster.submit({
    id: "load",
    scenarios: {
      steady: {
        mode: "constant-arrival-rate",
        rate: 60,
        duration: "3s",
        max_vus: 40,
        steps: [{ type: "http", config: { url: target.url } }],
      },
    },
  });
  await expect.poll(() => target.count()).toBeGreaterThan(60);
  // The leases last 7 s or longer: the load is over by then.
  await cluster.restartMaster(10_000);
  const { metrics, late, lost, degraded } = await cluster.finish(id);
  const told = (metrics["http_reqs"]?.values["count"] ?? 0) + late.http_reqs;
  expect({ told, lost: lost.iterations, degraded }).toEqual({ told: await target.count(), lost: 0, degraded: false });
});
