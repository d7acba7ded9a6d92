/**
 * JavaScript for the sandbox: makes every intrinsic immutable, so that nothing that one run does to them is seen by
 * another, and takes away what could keep something from run to run or make code out of text. Runs last.
 */
export const hardenSource = String.raw`(() => {
  "use strict";
  const { getOwnPropertyDescriptor, getPrototypeOf, ownKeys } = Reflect;
  const makers = [Function, async function () {}.constructor, function* () {}.constructor, async function* () {}.constructor];
  for (const maker of makers) {
    const { prototype } = maker;
    const stub = function Function(...parts) {
      // The way in which old libraries look for the global object.
      if (maker === Function && parts.length === 1 && /^\s*return this;?\s*$/.test(parts[0])) return () => globalThis;
      throw new TypeError("scripts cannot make code out of text");
    };
    stub.prototype = prototype;
    Object.defineProperty(prototype, "constructor", { value: stub, writable: true, configurable: true });
    if (maker === Function) Object.defineProperty(globalThis, "Function", { value: stub, writable: true, configurable: true });
  }
  for (const name of ["eval", "FinalizationRegistry", "WeakRef", "SharedArrayBuffer", "Atomics", "InternalError"]) delete globalThis[name];

  const seeds = [
    globalThis, function* () {}, async function () {}, async function* () {}, [][Symbol.iterator](), ""[Symbol.iterator](),
    new Map()[Symbol.iterator](), new Set()[Symbol.iterator](), "".matchAll(/a/g), (function* () {})(), (async function* () {})(),
    typeof Iterator === "function" ? [].values().map((item) => item) : null, Object.getOwnPropertyDescriptor({ get a() { return 1; } }, "a").get,
  ];
  const found = new Set();
  while (seeds.length > 0) {
    const value = seeds.pop();
    if (value === null || (typeof value !== "object" && typeof value !== "function") || found.has(value)) continue;
    found.add(value);
    for (const key of ownKeys(value)) {
      const { value: inner, get, set } = getOwnPropertyDescriptor(value, key);
      seeds.push(inner, get, set);
    }
    seeds.push(getPrototypeOf(value));
  }
  // An inherited property that is read-only cannot be assigned on the heirs either: error.name = "X" would throw.
  const overridable = (holder, key) => {
    const known = getOwnPropertyDescriptor(holder, key);
    if (known === undefined || !("value" in known) || !known.configurable) return;
    const { value } = known;
    Object.defineProperty(holder, key, {
      configurable: true,
      enumerable: known.enumerable,
      get: () => value,
      set(own) {
        if (this === holder) throw new TypeError("what all scripts share cannot be changed");
        Object.defineProperty(this, key, { value: own, writable: true, enumerable: true, configurable: true });
      },
    });
  };
  for (const value of found) {
    if (typeof value === "function" && typeof value.prototype === "object" && value.prototype !== null) {
      overridable(value.prototype, "constructor");
      overridable(value.prototype, "toString");
      if (value.prototype instanceof Error || value === Error) for (const key of ["name", "message"]) overridable(value.prototype, key);
    }
  }
  for (const key of ["toString", "toLocaleString", "valueOf", "hasOwnProperty"]) overridable(Object.prototype, key);
  for (const value of found) Object.freeze(value);
})()`;
