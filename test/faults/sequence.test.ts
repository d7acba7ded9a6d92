import { expect, test } from "vitest";
import { countPlanned, expectCounts } from "../support/accounts.ts";
import { type Cluster, startCluster } from "../support/cluster.ts";
import { type CountingTarget, startTestTarget, tellingHeaders } from "../support/counting-target.ts";

/** `npm run test:long` plays many more; `SEED=n npx vitest run test/faults/sequence.test.ts` one again. */
const count = process.env["LONG_TESTS"] === "1" ? 20 : 3;
const seeds =
  process.env["SEED"] === undefined ? Array.from({ length: count }, (_, at) => at + 1) : [Number(process.env["SEED"])];

type Draw = (from: number, to: number) => number;

interface Load {
  readonly options: object;
  /** Iterations that the plan has; null: as many as there is time for. */
  readonly planned: number | null;
  readonly scalable: boolean;
}

function drawLoad(draw: Draw): Load {
  const vus = draw(4, 20);
  const kind = draw(0, 3);
  if (kind === 0) return { options: { vus, duration: "7s", think_time: "20ms" }, planned: null, scalable: true };
  if (kind === 1) {
    const iterations = draw(300, 1_500);
    return {
      options: { mode: "shared-iterations", vus, iterations, think_time: "20ms" },
      planned: iterations,
      scalable: false,
    };
  }
  if (kind === 2) {
    const iterations = draw(20, 80);
    return {
      options: { mode: "per-vu-iterations", vus, iterations, think_time: "20ms" },
      planned: vus * iterations,
      scalable: false,
    };
  }
  const rate = draw(20, 150);
  return {
    options: { rate, duration: "7s", pre_allocated_vus: vus, max_vus: 40 },
    planned: rate * 7,
    scalable: false,
  };
}

/** One command or change of the fleet at random. */
async function disturb(cluster: Cluster, id: string, load: Load, draw: Draw, joined: string[]): Promise<string> {
  const slave = joined[draw(0, joined.length - 1)] ?? "s1";
  switch (draw(0, 5)) {
    case 0: {
      const paused = await cluster.call("POST", `/executions/${id}/pause`);
      await new Promise((resolve) => setTimeout(resolve, draw(50, 600)));
      const resumed = await cluster.call("POST", `/executions/${id}/resume`);
      return `pause ${paused.status}, resume ${resumed.status}`;
    }
    case 1: {
      if (!load.scalable) return "nothing";
      const target = draw(1, 40);
      const { status } = await cluster.call("POST", `/executions/${id}/scale`, { target_vus: target });
      return `scale to ${target}: ${status}`;
    }
    case 2:
      return `drain ${slave}: ${(await cluster.call("POST", `/slaves/${slave}/drain`)).status}`;
    case 3:
      return `undrain ${slave}: ${(await cluster.call("POST", `/slaves/${slave}/undrain`)).status}`;
    case 4: {
      const name = `s${joined.length + 1}`;
      joined.push(name);
      await cluster.addSlave(name, { maxVus: draw(10, 60) });
      return `join ${name}`;
    }
    default: {
      if (draw(0, 3) > 0) return "nothing";
      return `stop: ${(await cluster.call("DELETE", `/executions/${id}`)).status}`;
    }
  }
}

async function play(seed: number, target: CountingTarget): Promise<void> {
  const draw = createDraw(seed);
  const cluster = await startCluster({ heartbeatTimeout: "30s" });
  const joined = ["s1", "s2"];
  for (const name of joined) await cluster.addSlave(name, { maxVus: 60 });
  const load = drawLoad(draw);
  const id = await cluster.submit({
    id: `sequence-${seed}`,
    options: { ...load.options, graceful_stop: "2s", http: { base_url: target.url } },
    steps: [{ id: "get", type: "http", config: { url: "/", headers: tellingHeaders } }],
  });
  const done: string[] = [];
  await cluster.waitFor(id, ({ phase }) => phase !== "queued" && phase !== "preparing" && phase !== "setup");
  for (let left = draw(3, 6); left > 0; left--) {
    done.push(await disturb(cluster, id, load, draw, joined));
    await new Promise((resolve) => setTimeout(resolve, draw(100, 900)));
  }
  for (const name of joined) await cluster.call("POST", `/slaves/${name}/undrain`);
  await cluster.finish(id);
  const report = await expectCounts(cluster, id, target);
  const played = JSON.stringify({ seed, load, done, report: { ...report, metrics: undefined, timeseries: undefined } });
  expect(report.status, played).toBe(report.reason === "stopped_by_api" ? "aborted" : "completed");
  expect(report.lost.iterations, played).toBe(0);
  if (load.planned !== null && report.status === "completed") expect(countPlanned(report), played).toBe(load.planned);
  if (load.planned !== null) {
    const arrivals = await target.list();
    const named = arrivals.map(({ vu, iteration }) => `${vu}/${iteration}`);
    expect(new Set(named).size, played).toBe(named.length);
  }
}

test.each(seeds)(
  "the target's own count is the report's after any sequence of commands, seed %i",
  {
    timeout: 300_000,
  },
  async (seed) => {
    await play(seed, await startTestTarget());
  },
);

/** mulberry32: small, and the same everywhere. */
function createDraw(seed: number): Draw {
  let state = seed >>> 0;
  const random = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  return (from, to) => from + Math.floor(random() * (to - from + 1));
}
