import { EngineError } from "../../errors.ts";
import { shareHttp } from "../../http/thread-http.ts";
import type { Recorder } from "../../measure/recorder.ts";
import { formatDuration } from "../../quantity.ts";
import type { Alarm } from "../../protocol/ports.ts";
import type { Executor, ExecutorContext, Failure, StepContext, StepResult, VirtualUser } from "../../protocol/step.ts";
import type { Step } from "../../protocol/workflow.ts";
import { compileDriver, type DriverModule } from "./compile-driver.ts";
import type { ScriptConfig } from "./script-config.ts";
import { createEffects } from "./script-effects.ts";
import { createScriptHttp, type ScriptRequest } from "./script-http.ts";
import { compileInput, describeResponse } from "./script-input.ts";
import { ScriptResult } from "./script-result.ts";
import type { Question, RunListener, ScriptEnd, ScriptRun } from "./script-run.ts";
import { createScriptThreads, type ScriptThreads } from "./script-threads.ts";
import { toSandboxJson } from "./sandbox-json.ts";

type Send = ReturnType<typeof createScriptHttp>;

/** What doing what a run asks for needs besides the question. */
interface Asking {
  readonly vu: VirtualUser;
  readonly send: Send;
  /** Cancelled when the run ends. */
  readonly sleeps: Alarm[];
  /** Hears of a fault of the engine. */
  fault(error: unknown): void;
}

type Create = (context: ExecutorContext, recorder: Recorder) => Executor;

/** Loads what scripts need and gives the factory of their executor. Rejects when the sandbox's driver is missing. */
export async function loadScriptExecutor(): Promise<Create> {
  const driver = await compileDriver();
  return (context, recorder) => createScriptExecutor(context, recorder, driver);
}

/** Performs `script` steps on script threads of the load thread's own. One per thread and execution. */
function createScriptExecutor(context: ExecutorContext, recorder: Recorder, driver: DriverModule): Executor {
  const { workflow, inputs, clock, log, permit } = context;
  const http = shareHttp(context);
  const scripts: string[] = [];
  const stepIds: string[] = [];
  let threads: ScriptThreads | null = null;

  /** One for each text: what is found out about a script holds wherever it stands. */
  function placeOf(script: string, stepId: string): number {
    const known = scripts.indexOf(script);
    if (known >= 0) return known;
    stepIds.push(stepId);
    return scripts.push(script) - 1;
  }

  function compile(step: Step, stepContext: StepContext) {
    // The step's spec has checked and completed it.
    const { script, timeoutMs, touches } = step.config as unknown as ScriptConfig;
    const place = placeOf(script, step.id);
    const writeInput = compileInput(touches, stepContext);
    const send = createScriptHttp(context, stepContext, recorder, http);
    const apply = createEffects(step.id, stepContext.tags, recorder, log);

    return (vu: VirtualUser, deadline: number): ScriptResult | Promise<ScriptResult> => {
      const startedAt = clock.now();
      if (vu.signal.aborted || !permit.maySend(startedAt) || threads === null)
        return new ScriptResult(null, true, 0, undefined);
      let input: string;
      try {
        input = writeInput(vu);
      } catch (error) {
        return new ScriptResult(describeUnmade(error), false, 0, undefined);
      }
      const latest = Math.min(deadline, startedAt + timeoutMs);
      const pool = threads;
      return new Promise((resolve, reject) => {
        const sleeps: Alarm[] = [];
        const listener: RunListener = {
          onEffects: (effects) => apply(vu, effects),
          onAsk: (run, question) => ask(pool, run, question, { vu, send, sleeps, fault: reject }),
          onEnd: (end) => {
            for (const alarm of sleeps) alarm.cancel();
            resolve(conclude(end, clock.now() - startedAt, latest - startedAt));
          },
        };
        pool.run(place, input, latest, vu.signal, listener);
      });
    };
  }

  function ask(pool: ScriptThreads, run: ScriptRun, question: Question, { vu, send, sleeps, fault }: Asking): void {
    if (question.kind === "sleep") {
      const end = clock.now() + Math.max(0, Number(question.what));
      // One that is longer than its run never ends.
      if (end < run.deadline) sleeps.push(clock.at(end, () => pool.answer(run, question, "{}")));
      return;
    }
    const refuse = (error: unknown): void => {
      if (error instanceof EngineError) pool.answer(run, question, JSON.stringify({ e: error.message }));
      else fault(error);
    };
    const hear = (result: StepResult): void => {
      if (!result.interrupted) vu.response = result;
      pool.answer(run, question, toSandboxJson({ v: describeResponse(result), r: 1 }));
    };
    try {
      Promise.resolve(send(vu, question.what as ScriptRequest, run.deadline))
        .then(hear)
        .catch(refuse);
    } catch (error) {
      refuse(error);
    }
  }

  return {
    compile,
    keepsResponse: true,
    async prepare() {
      const texts = [...scripts, ...Object.values(workflow.libs)];
      if (texts.some((text) => /\bhttp\b/.test(text))) {
        http.foresee({ bodies: true, ...(workflow.http.cookies === "off" ? {} : { cookies: true }) });
      }
      if ([...texts, workflow.http.baseUrl ?? ""].some((text) => /https:/i.test(text))) http.foresee({ tls: true });
      await http.prepare();
      const settings = { env: inputs.env, secret: inputs.secrets, metrics: workflow.metrics };
      threads = createScriptThreads({ driver, scripts, libs: workflow.libs, settings }, clock);
      const refused = await threads.start().catch((error: unknown) => {
        const message = error instanceof Error ? error.message : String(error);
        throw new EngineError("start_failed", `the script threads cannot start: ${message}`, { cause: error });
      });
      for (const [what, message] of refused) {
        const name = typeof what === "string" ? `lib \`${what}\`: it` : `step \`${stepIds[what]}\`: the script`;
        throw new EngineError("invalid_workflow", `${name} cannot be compiled: ${message}`);
      }
    },
    async close() {
      await threads?.close();
      await http.close();
    },
  };
}

function conclude(end: ScriptEnd, duration: number, limit: number): ScriptResult {
  switch (end.type) {
    case "returned":
      return new ScriptResult(null, false, duration, end.output);
    case "failed":
      return new ScriptResult({ code: "script", message: end.message }, false, duration, undefined);
    case "expired": {
      const message = `the script was stopped after ${formatDuration(Math.round(limit))}; let it do less, or raise its timeout`;
      return new ScriptResult({ code: "timeout", message }, false, duration, undefined);
    }
    case "interrupted":
      return new ScriptResult(null, true, duration, undefined);
    default:
      return end satisfies never;
  }
}

/** A request or an input that could not be made; anything but a documented error is a fault of the engine. */
function describeUnmade(error: unknown): Failure {
  if (!(error instanceof EngineError)) throw error;
  return { code: error.code === "template" ? "template" : "script", message: error.message };
}
