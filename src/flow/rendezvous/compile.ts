import { EngineError } from "../../errors.ts";
import { interrupted, passed } from "../outcome.ts";
import { compilePause } from "../pause.ts";
import type { StepCompiler } from "../place.ts";
import { type RendezvousConfig, rendezvousSpec } from "./spec.ts";

/** Waits for the other VUs of the scenario; a wait that lasts too long fails with `timeout`. */
export const rendezvousCompiler: StepCompiler = {
  spec: rendezvousSpec,
  runsAll: true,
  repeats: false,
  compile: (step, place, tags) => {
    const config = step.config as unknown as RendezvousConfig;
    if (place.meet === null) {
      throw new EngineError(
        "unsupported",
        `${step.id}: setup and teardown run once; nobody comes to a rendezvous there`,
      );
    }
    const arrive = place.meet(step.id, config.count);
    const timeout = compilePause({ minMs: config.timeout, maxMs: config.timeout }, place);
    return {
      durations: [place.recorder.trend("step_duration", tags)],
      run: async (vu, deadline) => {
        const limit = timeout(vu);
        const end = await arrive(limit, deadline, vu.halt);
        if (end === "met") return passed;
        if (end === "interrupted") return interrupted;
        return { code: "timeout", message: `${end.came} of ${end.needed} VUs had come within ${limit} ms` };
      },
    };
  },
};
