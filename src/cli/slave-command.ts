import { readFileSync } from "node:fs";
import { availableParallelism, hostname } from "node:os";
import { EngineError } from "../errors.ts";
import { readEngineVersion } from "../local/engine-version.ts";
import { makeUuid } from "../protocol/make-uuid.ts";
import { createSystemClock } from "../run/system-clock.ts";
import { systemTime } from "../run/system-time.ts";
import { readMasterUrls } from "../slave/master-url.ts";
import { type RunningSlave, startSlave } from "../slave/start-slave.ts";
import { loadCapabilities } from "./capabilities.ts";
import { watchInterrupts } from "./interrupts.ts";
import { createProcessSample } from "./process-sample.ts";
import { defaultSlavePort, type SlaveStartOptions } from "./slave-options.ts";
import { tellError } from "./tell-error.ts";
import type { Terminal } from "./terminal.ts";
import { createTextLog } from "./text-log.ts";

/** How long its master has to move its VUs away before it leaves anyhow, ms: with the last words it ends within 30 s. */
const drainMs = 25_000;
/** Whatever still hangs then, it has been told to end long enough, ms. */
const longestGoodbyeMs = 29_000;
/** What is ended by a second signal did not end by itself. */
const stoppedBySignal = 105;

/** `slave start`: runs until it is told to end; gives the exit code. */
export async function slaveStartCommand(options: SlaveStartOptions, terminal: Terminal): Promise<number> {
  const log = createTextLog(terminal, options.logLevel, (text) => text);
  try {
    checkVersion(options);
    await loadCapabilities(options.capabilities, log);
    const id = options.id ?? nameSlave();
    const { address } = options;
    const asked = Promise.withResolvers<void>();
    const interrupts = watchInterrupts((times) => {
      if (times > 1) process.exit(stoppedBySignal);
      asked.resolve();
    });
    let slave: RunningSlave;
    try {
      slave = await startSlave({
        card: {
          id,
          type: "worker",
          capabilities: options.capabilities,
          labels: options.labels,
          max_vus: options.maxVus,
        },
        listen: {
          host: address?.host ?? null,
          port: address?.port ?? defaultSlavePort,
          mayMove: address === undefined,
        },
        masters: readMasterUrls(options.master ?? process.env.WE_MASTER_URL ?? "http://localhost:8080"),
        security: {
          apiKey: readApiKey(options),
          ca: readPem(options.ca),
          cert: readPem(options.cert),
          key: readPem(options.key),
        },
        engineVersion: readEngineVersion(),
        instance: makeUuid(Math.random),
        threads: options.threads,
        cores: availableParallelism(),
        clock: createSystemClock(systemTime),
        random: Math.random,
        log,
        targets: null,
        sample: createProcessSample(),
      });
    } catch (error) {
      interrupts.close();
      throw error;
    }
    log("info", `slave ${id} serves http://${address?.host ?? "localhost"}:${slave.port}/status`);
    await asked.promise;
    log("info", "draining; a second signal ends it now");
    setTimeout(() => process.exit(0), longestGoodbyeMs).unref();
    await slave.drain(drainMs);
    await slave.close();
    interrupts.close();
    log("info", `slave ${id} has left`);
    return 0;
  } catch (error) {
    return tellError(terminal, error, "");
  }
}

function checkVersion({ type, config }: SlaveStartOptions): void {
  if (type === "gateway" || type === "aggregator") {
    throw new EngineError("unsupported", `slave type ${type} is not in this version: use worker`);
  }
  if (type !== "worker") {
    throw new EngineError("invalid_usage", `there is no slave type ${JSON.stringify(type)}: use worker`);
  }
  if (config !== undefined) {
    throw new EngineError("unsupported", "--config is not in this version: give the values as options");
  }
}

function nameSlave(): string {
  const letters = Array.from({ length: 4 }, () => String.fromCharCode(97 + Math.floor(Math.random() * 26))).join("");
  const host = hostname()
    .replaceAll(/[^\p{L}\p{N}_.-]/gu, "-")
    .slice(0, 59);
  return `${host || "slave"}-${letters}`;
}

function readApiKey({ apiKey, apiKeyFile }: SlaveStartOptions): string | null {
  if (apiKey !== undefined) return apiKey;
  if (apiKeyFile !== undefined) return readText(apiKeyFile).trim();
  return process.env.WE_API_KEY ?? null;
}

function readPem(path: string | undefined): string | null {
  return path === undefined ? null : readText(path);
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new EngineError("unreadable_file", `cannot read ${path}: ${message}`, { cause: error });
  }
}
