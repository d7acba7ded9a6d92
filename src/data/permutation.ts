/**
 * A random order of `[0, size)` without holding it: the value at a place, each value at exactly one place. A Feistel
 * network over the next even number of bits, walked on until it meets the range again.
 */
export function createPermutation(size: number, seed: number): (place: number) => number {
  let half = 1;
  while (4 ** half < size) half++;
  const side = 2 ** half;
  return (place) => {
    let value = place;
    do {
      let left = Math.floor(value / side);
      let right = value % side;
      for (let round = 0; round < rounds; round++) {
        const mixed = (left ^ (mix(right, seed + round * 0x9e3779b1) & (side - 1))) >>> 0;
        left = right;
        right = mixed;
      }
      value = left * side + right;
    } while (value >= size);
    return value;
  };
}

const rounds = 4;

/** 32 bits from 32 bits and a key (the finaliser of MurmurHash3). */
export function mix(value: number, key: number): number {
  let hash = (value ^ key) | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
