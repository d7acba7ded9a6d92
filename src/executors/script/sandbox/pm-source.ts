/** JavaScript for the sandbox: the part of Postman's `pm` that scripts use most, over the same API. */
export const pmSource = String.raw`((api) => {
  "use strict";
  const { vars, check, currentResponse } = api;
  const show = (value) => { try { return typeof value === "string" ? JSON.stringify(value) : JSON.stringify(value) ?? String(value); } catch { return "(a value without a text)"; } };
  const same = (left, right) => {
    if (Object.is(left, right)) return true;
    if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) return false;
    if (Array.isArray(left) !== Array.isArray(right)) return false;
    const keys = Object.keys(left);
    return keys.length === Object.keys(right).length && keys.every((key) => Object.hasOwn(right, key) && same(left[key], right[key]));
  };
  const typeOf = (value) => (value === null ? "null" : Array.isArray(value) ? "array" : value instanceof RegExp ? "regexp" : value instanceof Date ? "date" : typeof value);
  const size = (value) => (value instanceof Map || value instanceof Set ? value.size : typeof value === "string" || Array.isArray(value) ? value.length : Object.keys(value).length);
  const contains = (value, part) => {
    if (typeof value === "string") return value.includes(String(part));
    if (Array.isArray(value)) return value.some((item) => same(item, part));
    return typeof value === "object" && value !== null && Object.entries(part).every(([key, item]) => same(value[key], item));
  };

  class Expectation {
    constructor(value, not = false, deep = false) { Object.assign(this, { value, not_: not, deep_: deep }); }
    get not() { return new Expectation(this.value, !this.not_, this.deep_); }
    get deep() { return new Expectation(this.value, this.not_, true); }
    get ok() { return this.judge(Boolean(this.value), "to be truthy"); }
    get true() { return this.judge(this.value === true, "to be true"); }
    get false() { return this.judge(this.value === false, "to be false"); }
    get null() { return this.judge(this.value === null, "to be null"); }
    get undefined() { return this.judge(this.value === undefined, "to be undefined"); }
    get exist() { return this.judge(this.value !== null && this.value !== undefined, "to exist"); }
    get empty() { return this.judge(size(this.value) === 0, "to be empty"); }
    get success() { return this.judge(this.value.status_code >= 200 && this.value.status_code < 300, "to be a success"); }
    judge(holds, what) {
      if (Boolean(holds) === this.not_) throw new Error("expected " + show(this.value) + (this.not_ ? " not " : " ") + what);
      return this;
    }
    equal(other) { return this.judge(this.deep_ ? same(this.value, other) : this.value === other, "to equal " + show(other)); }
    eql(other) { return this.judge(same(this.value, other), "to deeply equal " + show(other)); }
    a(type) { return this.judge(typeOf(this.value) === String(type).toLowerCase(), "to be a " + type); }
    above(other) { return this.judge(this.value > other, "to be above " + show(other)); }
    least(other) { return this.judge(this.value >= other, "to be at least " + show(other)); }
    below(other) { return this.judge(this.value < other, "to be below " + show(other)); }
    most(other) { return this.judge(this.value <= other, "to be at most " + show(other)); }
    within(low, high) { return this.judge(this.value >= low && this.value <= high, "to be within " + low + ".." + high); }
    include(part) { return this.judge(contains(this.value, part), "to include " + show(part)); }
    match(pattern) { return this.judge(pattern.test(this.value), "to match " + String(pattern)); }
    oneOf(list) { return this.judge(list.some((item) => same(item, this.value)), "to be one of " + show(list)); }
    lengthOf(length) { return this.judge(size(this.value) === length, "to have length " + length); }
    property(name, value) {
      const has = this.value !== null && this.value !== undefined && Object.hasOwn(Object(this.value), name);
      return this.judge(has && (value === undefined || same(this.value[name], value)), "to have property " + show(name) + (value === undefined ? "" : " of " + show(value)));
    }
    keys(...names) { return this.judge(names.flat().every((name) => Object.hasOwn(Object(this.value), name)), "to have keys " + show(names.flat())); }
    status(code) { return this.judge(this.value.status_code === code, "to have status " + code); }
    header(name, value) {
      const found = this.value.header(name);
      return this.judge(found !== undefined && (value === undefined || found === value), "to have header " + name);
    }
    jsonBody() { return this.judge(this.value.output !== null, "to have a JSON body"); }
  }
  const chain = ["to", "be", "been", "is", "that", "which", "and", "has", "have", "with", "at", "of"];
  for (const word of chain) Object.defineProperty(Expectation.prototype, word, { get() { return this; } });
  const others = { eq: "equal", equals: "equal", eqls: "eql", an: "a", gt: "above", greaterThan: "above", gte: "least", lt: "below", lessThan: "below", lte: "most", includes: "include", contain: "include", contains: "include", length: "lengthOf" };
  for (const [alias, name] of Object.entries(others)) Object.defineProperty(Expectation.prototype, alias, { value: Expectation.prototype[name] });
  const expect = (value) => new Expectation(value);
  const response = () => {
    const latest = currentResponse();
    if (latest === undefined) throw new Error("there is no response yet");
    return {
      code: latest.status_code, status: latest.status_code, responseTime: latest.duration, json: () => latest.json(), text: () => latest.body,
      headers: { get: (name) => latest.header(name), has: (name) => latest.header(name) !== undefined }, to: expect(latest),
    };
  };
  const scope = { get: vars.get, set: vars.set, has: vars.has, unset: vars.del };
  const pm = {
    test(name, body) {
      return check(name, () => { body(); return true; });
    },
    expect, environment: scope, variables: scope, globals: scope, collectionVariables: scope,
    get response() { return response(); },
  };
  Object.defineProperty(globalThis, "pm", { value: pm, enumerable: true });
})`;
