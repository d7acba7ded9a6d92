import { createCallDriver, type DriverOutcome } from "../../driver/call-driver.ts";
import { createCallSeries } from "../../driver/call-series.ts";
import { type DriverAnswer, DriverResult } from "../../driver/driver-result.ts";
import { createResolver } from "../../http/dns.ts";
import { createTrusts } from "../../http/tls.ts";
import type { Recorder } from "../../measure/recorder.ts";
import { printJson } from "../../protocol/print-json.ts";
import type {
  Executor,
  ExecutorContext,
  Operation,
  StepContext,
  StepResult,
  VirtualUser,
} from "../../protocol/step.ts";
import type { Step } from "../../protocol/workflow.ts";
import { toMicros } from "../../quantity.ts";
import { compileStatement } from "./compile-statement.ts";
import type { DbConfig } from "./db-config.ts";
import { dbDrivers } from "./drivers.ts";
import { findSettings } from "./find-settings.ts";
import { createPools } from "./pools.ts";
import { type DbAnswer, StatementRun, type StatementStep } from "./statement-run.ts";
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

    const keep = action === "count" || action === "exists" ? 1 : reads.body ? config.maxRows : 0;
    const statementStep: StatementStep = { config, keep, clock, finish };

    return (vu, deadline) => {
      const statement = fill(vu);
      const run = new StatementRun(statementStep, statement, pools.of(settingsOf.evaluate(vu)), transactionsOf(vu));
      return callDriver(vu, deadline, timeoutMs, run);
    };

    function finish({ blockedMs, pool }: StatementRun, outcome: DriverOutcome<DbAnswer>): StepResult {
      const target = `${action} ${pool.target}`;
      const waitedMs = blockedMs ?? outcome.duration;
      series.record(outcome, Math.max(0, outcome.duration - waitedMs));
      if (outcome.kind !== "interrupted") blocked.add(toMicros(waitedMs));
      if (outcome.kind !== "done") return new DriverResult(outcome, target, null);
      rows.add(outcome.value.row_count);
      return new DriverResult(outcome, target, new ShownAnswer(outcome.value));
    }
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

/** What a step gives. Its text is made when somebody looks. */
class ShownAnswer implements DriverAnswer {
  readonly output: DbAnswer;

  constructor(output: DbAnswer) {
    this.output = output;
  }

  get json(): unknown {
    return this.output.rows;
  }

  text(): string {
    return printJson(this.output.rows);
  }
}
