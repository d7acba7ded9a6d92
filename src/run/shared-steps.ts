import { EngineError, type ErrorCode } from "../errors.ts";
import type { CompiledWorkflow } from "../flow/compiled.ts";
import type { Clock } from "../protocol/ports.ts";
import type { VirtualUser } from "../protocol/step.ts";

/**
 * Runs setup or teardown on the shared VU within its time. Throws EngineError `code` when the time is over, else what
 * `work` throws. `stop` aborts it.
 */
export async function runSharedSteps<Result>(
  compiled: CompiledWorkflow,
  clock: Clock,
  stop: AbortSignal,
  limit: { readonly name: "setup" | "teardown"; readonly code: ErrorCode; readonly timeoutMs: number },
  work: (vu: VirtualUser) => Promise<Result>,
): Promise<Result> {
  const expired = new AbortController();
  const alarm = clock.at(clock.now() + limit.timeoutMs, () => expired.abort());
  const toError = (cause?: unknown) =>
    new EngineError(
      limit.code,
      `${limit.name} took longer than ${limit.timeoutMs} ms; make it faster or raise options.${limit.name}_timeout`,
      { cause },
    );
  try {
    const result = await work(compiled.createSharedVu(AbortSignal.any([stop, expired.signal])));
    if (expired.signal.aborted) throw toError();
    return result;
  } catch (error) {
    throw expired.signal.aborted && !(error instanceof EngineError && error.code === limit.code)
      ? toError(error)
      : error;
  } finally {
    alarm.cancel();
  }
}
