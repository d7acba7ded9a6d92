const mebibyte = 1024 * 1024;
const page = 64 * 1024;
/** Pages to begin with: the driver's stack takes 5 MiB of them. */
const initial = 256;
/** Pages of all sandboxes of a thread together. */
const maximum = 1536;
/** How often the driver asks again for less before it tells the sandbox that there is no memory. */
const attempts = 3;

/** How a thread bounds its memory: shared by many runs, or one run's alone. `growth`: bytes of one turn; `worn`: see `isWorn`. */
const bounds = {
  shared: { growth: 32 * mebibyte, worn: 64 * mebibyte },
  alone: { growth: 64 * mebibyte, worn: 24 * mebibyte },
} as const;

/** Who uses the memory of a thread. */
export type MemoryUse = keyof typeof bounds;

interface WasmMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

interface MemoryConstructor {
  new (pages: { readonly initial: number; readonly maximum: number }): WasmMemory;
}

/** The memory of the sandboxes of one thread; it never shrinks. */
export interface ThreadMemory {
  /** For the driver. */
  readonly memory: WasmMemory;
  /** It has grown so far that the thread should be replaced. */
  readonly isWorn: boolean;
  /** Something could not be had in this turn. */
  readonly isExhausted: boolean;
  /** In this turn it has grown by half of what one turn may take: the run that computes is large. */
  readonly isGreedy: boolean;
  beginTurn(): void;
}

/** The driver's own limit sees single blocks only, so its growth is watched. */
export function createThreadMemory(use: MemoryUse): ThreadMemory {
  // The types of Node leave this global out.
  const { Memory } = (globalThis as unknown as { readonly WebAssembly: { readonly Memory: MemoryConstructor } })
    .WebAssembly;
  const memory = new Memory({ initial, maximum });
  const grow = memory.grow.bind(memory);
  const { growth, worn } = bounds[use];
  let size = initial * page;
  let atBegin = size;
  let refusals = 0;
  let isExhausted = false;
  memory.grow = (pages) => {
    const wanted = size + pages * page;
    if (wanted - atBegin > growth || wanted > maximum * page) {
      if (++refusals >= attempts) isExhausted = true;
      throw new RangeError("the run may take no more memory");
    }
    const before = grow(pages);
    size = wanted;
    refusals = 0;
    return before;
  };
  return {
    memory,
    get isWorn() {
      return size >= worn;
    },
    get isExhausted() {
      return isExhausted;
    },
    get isGreedy() {
      return size - atBegin >= growth / 2;
    },
    beginTurn() {
      atBegin = size;
      refusals = 0;
      isExhausted = false;
    },
  };
}
