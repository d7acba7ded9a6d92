import { createCallDriver } from "../../driver/call-driver.ts";
import { createCallSeries } from "../../driver/call-series.ts";
import { DriverResult } from "../../driver/driver-result.ts";
import { createResolver } from "../../http/dns.ts";
import { createTrusts } from "../../http/tls.ts";
import type { Recorder } from "../../measure/recorder.ts";
import { printJson } from "../../protocol/print-json.ts";
import type { Executor, ExecutorContext, Operation, StepContext, VirtualUser } from "../../protocol/step.ts";
import type { Step } from "../../protocol/workflow.ts";
import { toMicros } from "../../quantity.ts";
import { compileStatement } from "./compile-statement.ts";
import { nameTarget } from "./connection-settings.ts";
import type { DbConfig } from "./db-config.ts";
import { dbDrivers } from "./drivers.ts";
import { findSettings } from "./find-settings.ts";
import { type DbAnswer, performStatement } from "./perform-statement.ts";
import { createPools } from "./pools.ts";
import { VuTransactions } from "./vu-transactions.ts";

const metrics = { count: "db_reqs", failed: "db_req_failed", duration: "db_req_duration" };

/** Performs `db` steps. One per thread and execution; connections are shared by its VUs, transactions are a VU's own. */
export function createDbExecutor(context: ExecutorContext, recorder: Recorder): Executor {
  const { clock, permit, workflow, slot } = context;
  const ports = { clock, permit, resolver: createResolver(clock, workflow.http.dnsTtlMs), trusts: createTrusts() };
  const callDriver = createCallDriver(ports);
  const pools = createPools(ports, context.threads);
  let statements = 0;

  function compile(step: Step, { tags, reads, ...texts }: StepContext): Operation {
    // The step's spec has checked and completed it.
    const config = step.config as unknown as DbConfig;
    const { action, timeoutMs } = config;
    const settingsOf = findSettings(config, context, texts, step.id);
    pools.foresee(settingsOf.driver);
    const fill = compileStatement(config, `we${++statements}`, texts);
    const own = { ...tags, driver: settingsOf.driver, action };
    const series = createCallSeries(recorder, own, metrics);
    const blocked = recorder.trend("db_req_blocked", own);
    const rows = recorder.counter("db_rows", own);

    return async (vu, deadline) => {
      const statement = fill(vu);
      const pool = pools.of(settingsOf.evaluate(vu));
      const transactions = transactionsOf(vu);
      const until = Math.min(deadline, clock.now() + timeoutMs);
      const startedAt = clock.now();
      let connectedAt: number | null = null;
      const onConnected = () => {
        connectedAt = clock.now();
      };
      const use = { config, keepsRows: reads.body, statement, pool, transactions, onConnected };
      const outcome = await callDriver(vu, until, (call) => performStatement(use, call), pool.driver.describe);
      const blockedMs = connectedAt === null ? outcome.duration : connectedAt - startedAt;
      series.record({ ...outcome, duration: Math.max(0, outcome.duration - blockedMs) });
      if (outcome.kind !== "interrupted") blocked.add(toMicros(blockedMs));
      const answer = outcome.kind === "done" ? outcome.value : null;
      if (answer !== null) rows.add(answer.row_count);
      return new DriverResult(outcome, `${action} ${nameTarget(pool.settings)}`, answer === null ? null : show(answer));
    };
  }

  function transactionsOf(vu: VirtualUser): VuTransactions {
    const known = vu.resources[slot];
    if (known !== undefined) return known as VuTransactions;
    const transactions = new VuTransactions();
    vu.resources[slot] = transactions;
    return transactions;
  }

  return {
    compile,
    prepare: () => pools.loadDrivers(),
    endIteration(vu) {
      const transactions = vu.resources[slot] as VuTransactions | undefined;
      if (transactions === undefined || transactions.isEmpty) return;
      for (const [pool, connection] of transactions.takeAll()) pools.rollBack(pool, connection);
    },
    close: () => pools.close(),
  };
}

/** Has everything at hand that a slave that announces db steps may need. */
createDbExecutor.loadDrivers = async (): Promise<void> => {
  for (const load of Object.values(dbDrivers)) await load();
};

function show(answer: DbAnswer) {
  return { output: answer, json: answer.rows, text: () => printJson(answer.rows) };
}
