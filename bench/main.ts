import { benchArrivals } from "./arrivals.ts";
import { benchMaster } from "./master.ts";
import { benchMemory } from "./memory.ts";
import { benchMicro } from "./micro.ts";
import { benchPeers } from "./peers.ts";
import { benchPeersMore } from "./peers-more.ts";
import { benchProfile } from "./profile.ts";
import { benchSlave } from "./slave.ts";
import { benchSoak } from "./soak.ts";
import { benchStartup } from "./startup.ts";
import { benchStore } from "./store.ts";

/**
 * End-to-end benchmarks of the built product, and `micro`: every hot function by itself. `npm run bench` runs
 * some; `npm run bench -- micro` a named one.
 */
const benches: Record<string, () => Promise<void>> = {
  peers: () => benchPeers(5, 5),
  "peers-more": () => benchPeersMore(5, 3),
  profile: () => benchProfile(10),
  memory: () => benchMemory(20),
  arrivals: () => benchArrivals(3),
  startup: () => benchStartup(7),
  soak: () => benchSoak(10),
  store: benchStore,
  master: benchMaster,
  slave: benchSlave,
  micro: benchMicro,
};

const names = process.argv.slice(2);
for (const name of names.length > 0 ? names : ["startup", "peers", "arrivals", "memory"]) {
  const bench = benches[name];
  if (bench === undefined) throw new Error(`no bench "${name}"; there are ${Object.keys(benches).join(", ")}`);
  console.log(`# ${name}`);
  await bench();
}
