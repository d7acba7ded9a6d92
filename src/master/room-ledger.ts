/** How many VUs each execution holds on each slave: several executions share a slave within its `max_vus`. */
export interface RoomLedger {
  /** Replaces all that an execution holds. */
  set(executionId: string, held: ReadonlyMap<string, number>): void;
  /** An execution holds nothing any more. */
  release(executionId: string): void;
  /** VUs held on a slave, by all executions or by all but one. */
  heldOn(slaveId: string, except?: string): number;
  /** Executions that a slave takes part in. */
  tasksOn(slaveId: string): number;
}

/** A ledger of nothing. */
export function createRoomLedger(): RoomLedger {
  const executions = new Map<string, ReadonlyMap<string, number>>();
  return {
    set(executionId, held) {
      executions.set(executionId, held);
    },
    release(executionId) {
      executions.delete(executionId);
    },
    heldOn(slaveId, except) {
      let sum = 0;
      for (const [executionId, held] of executions) if (executionId !== except) sum += held.get(slaveId) ?? 0;
      return sum;
    },
    tasksOn(slaveId) {
      let count = 0;
      for (const held of executions.values()) if (held.has(slaveId)) count++;
      return count;
    },
  };
}
