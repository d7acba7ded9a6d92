import { copyFile } from "node:fs/promises";
import { availableParallelism, hostname } from "node:os";
import { knownCapabilities } from "../config/capabilities.ts";
import type { Configuration } from "../config/configuration.ts";
import { readEngineVersion } from "../local/engine-version.ts";
import { type RunningMaster, startMaster } from "../master/start-master.ts";
import { makeUuid } from "../protocol/make-uuid.ts";
import type { Clock, Log } from "../protocol/ports.ts";
import { createSystemClock } from "../run/system-clock.ts";
import { systemTime } from "../run/system-time.ts";
import { openStore } from "../store/open-store.ts";
import { chooseStore } from "./choose-store.ts";
import { keepConfigurationSecrets } from "./config-secrets.ts";
import { createConfigure, takeConfiguration } from "./configure.ts";
import { keepFaultsIn } from "./fault-log.ts";
import { exposeVariables } from "./expose-variables.ts";
import { nodeSignals, watchInterrupts } from "./interrupts.ts";
import { type MasterStartOptions, readMasterFlags } from "./master-start-options.ts";
import { readAccess } from "./read-access.ts";
import { createNodeLog } from "./node-log.ts";
import { hideKept, rememberSecrets } from "./secret-memory.ts";
import { tellError } from "./tell-error.ts";
import type { Terminal } from "./terminal.ts";
import { watchReload } from "./watch-reload.ts";
import { openProcessFolder } from "./process-folder.ts";

/** What was ended by a second signal did not end by itself. */
const stoppedBySignal = 105;

/** `master start`: serves until it is told to end; gives the exit code. */
export async function masterStartCommand(options: MasterStartOptions, terminal: Terminal): Promise<number> {
  const asked = Promise.withResolvers<void>();
  const interrupts = watchInterrupts((times) => {
    if (times > 1) process.exit(stoppedBySignal);
    asked.resolve();
  }, nodeSignals);
  const closing: (() => void)[] = [() => interrupts.close()];
  const reload = watchReload({ file: options.config ?? null, onHangup: () => asked.resolve() });
  closing.push(() => reload.close());
  try {
    const configure = createConfigure(options.config, readMasterFlags(options), terminal);
    const configuration = configure();
    const { server } = configuration;
    const masterId = makeUuid(Math.random);
    keepConfigurationSecrets(configuration);
    const nodeLog = createNodeLog({
      logging: configuration.logging,
      terminal,
      mask: hideKept,
      fields: { master: masterId },
    });
    closing.push(() => nodeLog.close());
    const { log } = nodeLog;
    keepFaultsIn(log);
    const access = readAccess(configuration);
    const chosen = chooseStore(configuration.master, process.env);
    // What a store in memory forgets, its files are to be forgotten with.
    const folder = chosen.kind === "memory" ? openProcessFolder("master") : null;
    closing.push(() => folder?.close());
    const store = await openStore(chosen.url, chosen.dataDir);
    const clock = createSystemClock(systemTime);
    const master = await startMaster({
      store,
      storeKind: chosen.kind,
      dataDir: folder?.path ?? chosen.dataDir,
      configuration: { ...configuration, server: { ...server, hosts: [...server.hosts, hostname()] } },
      access,
      clock,
      log,
      engineVersion: readEngineVersion(),
      masterId,
      warnings: chosen.warning === null ? [] : [chosen.warning],
      createId: () => makeUuid(Math.random),
      noteSecrets: rememberSecrets,
    });
    for (const warning of master.warnings) {
      terminal.tell(`${terminal.err.colors.yellow("warning:")} ${warning}\n`);
      log("warn", warning);
    }
    reload.begin(() =>
      takeConfiguration(configure, log, (next) => {
        keepConfigurationSecrets(next);
        // What can be refused comes first: a configuration that is not taken changes nothing.
        master.renew(readAccess(next));
        nodeLog.reload(next.logging);
      }),
    );
    const closeSlave = options.standalone ? await joinSlave(master, configuration, clock, log) : null;
    terminal.tell(`master ready at ${master.url}\n`);
    log("info", `ready at ${master.url}`);
    await asked.promise;
    log("info", "closing; a second signal ends it now");
    await master.close();
    await closeSlave?.();
    return 0;
  } catch (error) {
    return tellError(terminal, error, options.config ?? "");
  } finally {
    for (const close of closing.toReversed()) close();
  }
}

/** The slave inside a standalone master; gives what ends it. */
async function joinSlave(
  { port, locateInput }: Pick<RunningMaster, "port" | "locateInput">,
  { slave: { labels, maxVus, threads, targets, localIps, exposeEnv }, connections }: Configuration,
  clock: Clock,
  log: Log,
): Promise<() => Promise<void>> {
  const [{ makeSlave }, { joinInMemory }, { createProcessSample }] = await Promise.all([
    import("../slave/start-slave.ts"),
    import("../slave/join-in-memory.ts"),
    import("./process-sample.ts"),
  ]);
  const inputRoom = openProcessFolder("slave");
  const slave = makeSlave({
    inputRoom: inputRoom.path,
    inputs: { fetch: (executionId, { hash }, to) => copyFile(locateInput(executionId, hash), to) },
    card: {
      id: "local",
      type: "worker",
      address: "",
      capabilities: knownCapabilities,
      labels,
      max_vus: maxVus,
    },
    engineVersion: readEngineVersion(),
    instance: makeUuid(Math.random),
    threads,
    cores: availableParallelism(),
    clock,
    random: Math.random,
    log,
    targets,
    localIps,
    connections,
    environment: exposeVariables(exposeEnv, process.env),
    sample: createProcessSample(),
    noteSecrets: rememberSecrets,
  });
  const joined = await joinInMemory(slave, port);
  return async () => {
    joined.close();
    await slave.close();
    inputRoom.close();
  };
}
