/** Tasks in order of their time; time jumps from one to the next. */
export interface SimulatedTime {
  /** Milliseconds since the beginning. */
  readonly now: number;
  /** Promises that a task resolves are gone on with before the next task. Default: false. */
  settles: boolean;
  after(delayMs: number, task: () => void | Promise<void>): void;
  /** Runs until `isOver`, or to this time at most; gives whether it was over. */
  run(isOver: () => boolean, untilMs: number): Promise<boolean>;
}

interface Task {
  readonly at: number;
  readonly order: number;
  readonly run: () => void | Promise<void>;
}

export function createSimulatedTime(): SimulatedTime {
  const heap: Task[] = [];
  let now = 0;
  let order = 0;
  const isBefore = (a: Task, b: Task) => a.at < b.at || (a.at === b.at && a.order < b.order);

  const push = (task: Task) => {
    let at = heap.length;
    heap.push(task);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as Task;
      if (!isBefore(task, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = task;
  };
  const pop = (): Task | undefined => {
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      const right = heap[child + 1];
      if (right !== undefined && isBefore(right, heap[child] as Task)) child++;
      const below = heap[child];
      if (below === undefined || !isBefore(below, last)) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
    return first;
  };

  const time: SimulatedTime = {
    settles: false,
    get now() {
      return now;
    },
    after: (delayMs, run) => push({ at: now + Math.max(0, delayMs), order: order++, run }),
    async run(isOver, untilMs) {
      while (!isOver()) {
        const task = pop();
        if (task === undefined || task.at > untilMs) return false;
        now = task.at;
        const done = task.run();
        if (done !== undefined || time.settles) await done;
      }
      return true;
    },
  };
  return time;
}
