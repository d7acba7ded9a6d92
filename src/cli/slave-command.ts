import { availableParallelism, hostname } from "node:os";
import type { SlaveConfiguration } from "../config/configuration.ts";
import { readEngineVersion } from "../local/engine-version.ts";
import { makeUuid } from "../protocol/make-uuid.ts";
import { createSystemClock } from "../run/system-clock.ts";
import { systemTime } from "../run/system-time.ts";
import type { DialSecurity } from "../slave/dial.ts";
import { readMasterUrls } from "../slave/master-url.ts";
import { startSlave } from "../slave/start-slave.ts";
import { loadCapabilities } from "./capabilities.ts";
import { keepConfigurationSecrets } from "./config-secrets.ts";
import { createConfigure, takeConfiguration } from "./configure.ts";
import { keepFaultsIn } from "./fault-log.ts";
import { exposeVariables } from "./expose-variables.ts";
import { nodeSignals, watchInterrupts } from "./interrupts.ts";
import { createNodeLog } from "./node-log.ts";
import { createProcessSample } from "./process-sample.ts";
import { defaultMaxVus, defaultSlavePort, readSlaveFlags, type SlaveStartOptions } from "./slave-options.ts";
import { readCertificates } from "./read-certificates.ts";
import { readSource } from "./read-source.ts";
import { hideKept, rememberSecrets } from "./secret-memory.ts";
import { tellError } from "./tell-error.ts";
import type { Terminal } from "./terminal.ts";
import { watchReload } from "./watch-reload.ts";
import { openProcessFolder } from "./process-folder.ts";

/** How long its master has to move its VUs away before it leaves anyhow, ms: with the last words it ends within 30 s. */
const drainMs = 25_000;
/** Whatever still hangs then, it has been told to end long enough, ms. */
const longestGoodbyeMs = 29_000;
/** What is ended by a second signal did not end by itself. */
const stoppedBySignal = 105;

/** `slave start`: runs until it is told to end; gives the exit code. */
export async function slaveStartCommand(options: SlaveStartOptions, terminal: Terminal): Promise<number> {
  const asked = Promise.withResolvers<void>();
  const reload = watchReload({ file: options.config ?? null, onHangup: () => asked.resolve() });
  const closing = [() => reload.close()];
  try {
    const configure = createConfigure(options.config, readSlaveFlags(options), terminal);
    const configuration = configure();
    const { slave: own } = configuration;
    const id = own.id ?? nameSlave();
    let security = readSecurity(own);
    keepConfigurationSecrets(configuration, [security.apiKey]);
    const nodeLog = createNodeLog({
      logging: configuration.logging,
      terminal,
      mask: hideKept,
      fields: { slave: id },
    });
    closing.push(() => nodeLog.close());
    const { log } = nodeLog;
    keepFaultsIn(log);
    await loadCapabilities(own.capabilities, log);
    const interrupts = watchInterrupts((times) => {
      if (times > 1) process.exit(stoppedBySignal);
      asked.resolve();
    }, nodeSignals);
    closing.push(() => interrupts.close());
    reload.begin(() =>
      takeConfiguration(configure, log, (next) => {
        // With the next dial: a link that is up stays.
        security = readSecurity(next.slave);
        keepConfigurationSecrets(next, [security.apiKey]);
        nodeLog.reload(next.logging);
      }),
    );
    const inputRoom = openProcessFolder("slave");
    closing.push(() => inputRoom.close());
    const slave = await startSlave({
      inputRoom: inputRoom.path,
      card: {
        id,
        type: "worker",
        capabilities: own.capabilities,
        labels: own.labels,
        max_vus: own.maxVus ?? defaultMaxVus,
      },
      listen: {
        host: own.address?.host ?? null,
        port: own.address?.port ?? defaultSlavePort,
        mayMove: own.address === null,
        names: [...configuration.server.hosts, hostname()],
      },
      masters: readMasterUrls(own.masterAddr),
      security: () => security,
      engineVersion: readEngineVersion(),
      instance: makeUuid(Math.random),
      threads: own.threads,
      cores: availableParallelism(),
      clock: createSystemClock(systemTime),
      random: Math.random,
      log,
      targets: own.targets,
      localIps: own.localIps,
      connections: configuration.connections,
      environment: exposeVariables(own.exposeEnv, process.env),
      sample: createProcessSample(),
      noteSecrets: rememberSecrets,
    });
    log("info", `slave ${id} serves http://${own.address?.host ?? "localhost"}:${slave.port}/status`);
    await asked.promise;
    log("info", "draining; a second signal ends it now");
    setTimeout(() => process.exit(0), longestGoodbyeMs).unref();
    await slave.drain(drainMs);
    await slave.close();
    log("info", `slave ${id} has left`);
    return 0;
  } catch (error) {
    return tellError(terminal, error, options.config ?? "");
  } finally {
    for (const close of closing.toReversed()) close();
  }
}

function nameSlave(): string {
  const letters = Array.from({ length: 4 }, () => String.fromCharCode(97 + Math.floor(Math.random() * 26))).join("");
  const host = hostname()
    .replaceAll(/[^\p{L}\p{M}\p{N}_-]/gu, "-")
    .slice(0, 59);
  return `${host || "slave"}-${letters}`;
}

/** What it shows to its master, read from the files. Throws EngineError `unreadable_file`, `invalid_config`. */
function readSecurity({ apiKey, apiKeyFile, tls }: SlaveConfiguration): DialSecurity {
  return {
    apiKey: apiKeyFile === null ? apiKey : readSource(apiKeyFile).trim(),
    ...readCertificates(tls, (field) => `slave.tls.${field}`),
  };
}
