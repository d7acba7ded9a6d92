import { spawnSync } from "node:child_process";
import { influxdb } from "./influxdb.ts";
import { mariadb } from "./mariadb.ts";
import { mosquitto } from "./mosquitto.ts";
import { nats } from "./nats.ts";
import { nginx } from "./nginx.ts";
import { postgres } from "./postgres.ts";
import { prometheus } from "./prometheus.ts";
import { rabbitmq } from "./rabbitmq.ts";
import { redis } from "./redis.ts";
import { answers, findProgram, type PrivateServer, type Service, startPrivate } from "./service.ts";

/** What tests find on the standard ports. One more is a row here. */
const services: readonly Service[] = [mariadb, postgres, redis, rabbitmq, nats, mosquitto];

/** Programs that tests start for themselves. */
const tools = [
  ...["kcat", "faketime", "fish", "zsh"].map((name) => ({ name, program: name, folders: [], packages: [name] })),
  influxdb,
  nginx,
  prometheus,
];

/**
 * Once before all tests: a service that answers on its standard port is used as it is; else one is started there from
 * the installed program, and ended at the end; else it is installed from Debian's packages first.
 */
export async function setup(): Promise<() => Promise<void>> {
  const started: PrivateServer[] = [];
  const silent: Service[] = [];
  for (const service of services) if (!(await answers(service.port))) silent.push(service);
  install([...tools, ...silent].filter((program) => findProgram(program) === null));
  for (const service of silent) {
    // The package may have started it.
    if (await answers(service.port)) continue;
    process.stdout.write(`${service.name} does not run here: one is started for the tests\n`);
    started.push(await startPrivate(service, { port: service.port }));
  }
  return async () => {
    for (const server of started) await server.close();
  };
}

function install(missing: readonly Pick<Service, "name" | "packages">[]): void {
  if (missing.length === 0) return;
  const packages = missing.flatMap((each) => each.packages);
  const names = missing.map(({ name }) => name).join(", ");
  process.stdout.write(`installed for the tests: ${names}: apt-get install ${packages.join(" ")}\n`);
  const environment = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const options = { encoding: "utf8", env: environment, timeout: 600_000 } as const;
  // Another apt-get that is at it is waited for.
  const wait = ["-o", "DPkg::Lock::Timeout=300"];
  spawnSync("apt-get", ["update", "-qq", ...wait], options);
  const done = spawnSync("apt-get", ["install", "-y", "-qq", ...wait, "--no-install-recommends", ...packages], options);
  if (done.status === 0) return;
  throw new Error(
    `${names} are needed by the tests; install ${packages.join(" ")}: ${done.stderr}${done.error?.message ?? ""}`,
  );
}
