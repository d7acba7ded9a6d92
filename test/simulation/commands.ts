import type { FleetEffect } from "../../src/cluster/fleet-state.ts";
import type { Plan } from "../../src/protocol/plan.ts";
import { BrokenRule, type GroundTruth } from "./ground-truth.ts";
import type { Dice } from "./random.ts";
import type { SimulatedMaster } from "./simulated-master.ts";
import type { SimulatedTime } from "./simulated-time.ts";

/** What calls to the master's API do: each is answered, and a pause that was answered holds. */
export interface Commands {
  pause(): string;
  resume(): string;
  /** Of one scenario, by its place. */
  pauseScenario(at: number): string;
  resumeScenario(at: number): string;
  scale(): string;
  stop(): string;
  noteAnswer(answer: FleetEffect & { readonly type: "answered" }): void;
  /** The master has died: its callers have to ask again. */
  forget(): void;
  /** Throws BrokenRule if somebody still waits. */
  checkAnswered(): void;
}

export interface CommandOptions {
  readonly dice: Dice;
  readonly time: SimulatedTime;
  readonly plan: Plan;
  readonly truth: GroundTruth;
  master(): SimulatedMaster;
}

export function createCommands({ dice, time, plan, truth, master }: CommandOptions): Commands {
  const open = new Map<string, string>();
  let count = 0;
  /** The pause that no resume has followed. */
  let standing: string | null = null;
  const standingScenarios = new Map<number, string>();
  const nameOf = (at: number) => plan.scenarios[at]?.scenario.name ?? "";

  const give = (kind: string): string => {
    count++;
    const command = `${kind} ${count}`;
    if (master().up) open.set(command, `${kind} at ${time.now}`);
    return command;
  };
  return {
    pause() {
      const command = give("pause");
      // A repetition is answered at once, before the first is in force.
      standing ??= command;
      master().tell({ type: "pause", command });
      return command;
    },
    resume() {
      const command = give("resume");
      standing = null;
      truth.thaw();
      master().tell({ type: "resume", command });
      return command;
    },
    pauseScenario(at) {
      const command = give("pause");
      if (!standingScenarios.has(at)) standingScenarios.set(at, command);
      master().tell({ type: "pause", command, scenario: nameOf(at) });
      return `${command} of ${nameOf(at)}`;
    },
    resumeScenario(at) {
      const command = give("resume");
      standingScenarios.delete(at);
      truth.thawScenario(at);
      master().tell({ type: "resume", command, scenario: nameOf(at) });
      return `${command} of ${nameOf(at)}`;
    },
    scale() {
      const command = give("scale");
      const at = dice.between(0, plan.scenarios.length - 1);
      const { scenario, largestVus } = plan.scenarios[at] ?? {};
      if (scenario === undefined) return command;
      const target = dice.between(0, 2 * (largestVus ?? 0) + 2);
      const overMs = dice.chance(0.5) ? 0 : dice.between(100, 3_000);
      if (!scenario.load.mode.endsWith("arrival-rate")) truth.raiseTarget(at, target);
      master().tell({
        type: "scale",
        command,
        scenario: scenario.name,
        target,
        overMs,
      });
      return `${command} of ${scenario.name} to ${target} over ${overMs}`;
    },
    stop() {
      const command = give("stop");
      master().tell({
        type: "stop",
        command,
        graceMs: 500,
        reason: "stopped_by_api",
      });
      return command;
    },
    noteAnswer({ command, error }) {
      open.delete(command);
      // A master that was frozen may hear a resume that was given before only now: then nothing stands.
      if (error !== null || [...open.keys()].some((each) => each.startsWith("resume"))) return;
      if (command === standing) truth.freeze();
      for (const [at, of] of standingScenarios) if (of === command) truth.freezeScenario(at);
    },
    forget() {
      open.clear();
      standing = null;
      standingScenarios.clear();
    },
    checkAnswered() {
      if (open.size > 0) throw new BrokenRule("every command is answered", [...open.values()].join(", "));
    },
  };
}
