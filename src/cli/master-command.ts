import { availableParallelism } from "node:os";
import { EngineError } from "../errors.ts";
import { readEngineVersion } from "../local/engine-version.ts";
import { startMaster } from "../master/start-master.ts";
import type { LinkPort } from "../protocol/link.ts";
import { makeUuid } from "../protocol/make-uuid.ts";
import type { Clock, Log } from "../protocol/ports.ts";
import { createSystemClock } from "../run/system-clock.ts";
import { systemTime } from "../run/system-time.ts";
import { openStore } from "../store/open-store.ts";
import { chooseStore } from "./choose-store.ts";
import { watchInterrupts } from "./interrupts.ts";
import type { MasterStartOptions } from "./master-start-options.ts";
import { tellError } from "./tell-error.ts";
import type { Terminal } from "./terminal.ts";
import { createTextLog } from "./text-log.ts";

/** The guide's defaults of what has no flag. */
const heartbeatIntervalMs = 5_000;
const taskQueueSize = 1_000;
const retention = { maxAgeMs: 30 * 24 * 3_600_000, maxExecutions: 1_000 };
/** What was ended by a second signal did not end by itself. */
const stoppedBySignal = 105;

/** `master start`: serves until it is told to end; gives the exit code. */
export async function masterStartCommand(options: MasterStartOptions, terminal: Terminal): Promise<number> {
  const log = createTextLog(terminal, options.logLevel, (text) => text);
  const asked = Promise.withResolvers<void>();
  const interrupts = watchInterrupts((times) => {
    if (times > 1) process.exit(stoppedBySignal);
    asked.resolve();
  });
  try {
    if (options.config !== undefined) {
      throw new EngineError("unsupported", "--config is not in this version: give the values as options");
    }
    const chosen = chooseStore({ store: options.store, dataDir: options.dataDir }, process.env);
    const store = await openStore(chosen.url, chosen.dataDir);
    const clock = createSystemClock(systemTime);
    const master = await startMaster({
      store,
      storeKind: chosen.kind,
      host: options.address.host ?? "",
      port: options.address.port,
      timeoutMs: options.heartbeatTimeout,
      intervalMs: heartbeatIntervalMs,
      maxExecutions: options.maxExecutions,
      maxSlaves: options.maxSlaves,
      queueSize: taskQueueSize,
      retention,
      clock,
      log,
      engineVersion: readEngineVersion(),
      masterId: makeUuid(Math.random),
      warnings: chosen.warning === null ? [] : [chosen.warning],
      createId: () => makeUuid(Math.random),
    });
    for (const warning of master.warnings) log("warn", warning);
    const closeSlave = options.standalone ? await joinSlave(master.port, clock, log) : null;
    terminal.tell(`master ready at ${master.url}\n`);
    await asked.promise;
    log("info", "closing; a second signal ends it now");
    await master.close();
    await closeSlave?.();
    return 0;
  } catch (error) {
    return tellError(terminal, error, "");
  } finally {
    interrupts.close();
  }
}

/** The slave inside a standalone master; gives what ends it. */
async function joinSlave(port: LinkPort, clock: Clock, log: Log): Promise<() => Promise<void>> {
  const [{ makeSlave }, { joinInMemory }, { createProcessSample }] = await Promise.all([
    import("../slave/start-slave.ts"),
    import("../slave/join-in-memory.ts"),
    import("./process-sample.ts"),
  ]);
  const slave = makeSlave({
    card: {
      id: "local",
      type: "worker",
      address: "",
      capabilities: ["http_executor", "script_executor", "db_executor", "mq_executor", "socket_executor"],
      labels: {},
      max_vus: null,
    },
    engineVersion: readEngineVersion(),
    instance: makeUuid(Math.random),
    threads: "auto",
    cores: availableParallelism(),
    clock,
    random: Math.random,
    log,
    targets: null,
    sample: createProcessSample(),
  });
  const joined = await joinInMemory(slave, port);
  return async () => {
    joined.close();
    await slave.close();
  };
}
