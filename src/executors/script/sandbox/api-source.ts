/**
 * JavaScript for the sandbox: the globals of scripts, made once per sandbox and frozen with the rest of the intrinsics;
 * what belongs to one run is in `run`,
 * which is the one whose turn it is: a turn lasts until nothing of it is left to do, so no other's code runs in it. An expression that gives a function of the host's calls and the settings, which
 * gives the functions that the host calls.
 */
export const apiSource = String.raw`((host, settings) => {
  "use strict";
  const limits = { effects: 10000, consoleText: 65536, line: 8192, output: 4194304, asks: 100, name: 200 };
  const runs = new Map();
  let run = null;

  /* ---- what a run leaves behind, in order: v variable, c check, m metric, l log line ---- */
  const note = (effect) => {
    if (run.effects.length >= limits.effects) throw new RangeError("a script may record at most " + limits.effects + " things between two waits");
    run.effects.push(effect);
  };
  const takeEffects = () => {
    const { effects } = run;
    if (effects.length === 0) return "[]";
    run.effects = [];
    return JSON.stringify(effects);
  };
  const big = (key, value) => (typeof value === "bigint" ? { "\u0000n": String(value) } : value);
  const revive = (key, value) =>
    typeof value === "object" && value !== null && typeof value["\u0000n"] === "string" ? BigInt(value["\u0000n"]) : value;
  const toJson = (value, what) => {
    const text = JSON.stringify(value, big);
    if (text !== undefined && text.length > limits.output) throw new RangeError(what + " is larger than " + limits.output + " characters of JSON");
    return text;
  };

  /* ---- variables ---- */
  const pattern = /^[\p{L}_][\p{L}\p{M}\p{N}_-]{0,63}$/u;
  const reserved = ["env", "secret", "slave", "vu", "iteration", "response", "steps", "loop", "data", "__proto__"];
  const vars = {
    get(name) {
      const key = String(name);
      return run.values[key];
    },
    has: (name) => vars.get(name) !== undefined,
    set(name, value) {
      const key = String(name);
      if (!pattern.test(key)) throw new TypeError("a variable's name is a letter, then at most 63 letters, digits, _ and -; " + JSON.stringify(key.slice(0, 80)) + " is none");
      if (reserved.includes(key)) throw new TypeError(key + " is a name of the expression language; choose another");
      if (value === undefined) return vars.del(key);
      const text = toJson(value, "the variable " + key);
      if (text === undefined) throw new TypeError("the variable " + key + " cannot hold a function or a symbol");
      note(["v", key, text]);
      run.values[key] = value;
    },
    del(name) {
      const key = String(name);
      if (key === "__proto__") return;
      note(["v", key]);
      run.values[key] = undefined;
    },
  };
  const ctx = { GetVariable: (name) => vars.get(name), SetVariable: (name, value) => vars.set(name, value) };
  ctx.getVariable = ctx.GetVariable;
  ctx.setVariable = ctx.SetVariable;

  /* ---- responses ---- */
  class Response {
    constructor(data) {
      this.status_code = data.s;
      this.body = data.b;
      this.headers = data.h;
      this.duration = data.d;
      this.error_code = data.e;
      if (data.m) this.error = data.m;
      if ("o" in data) Object.defineProperty(this, "parsed", { value: data.o });
    }
    get status() { return this.status_code; }
    get ok() { return this.error_code === 0; }
    get output() {
      if (this.parsed === undefined) {
        let value = null;
        try { value = JSON.parse(this.body); } catch {}
        Object.defineProperty(this, "parsed", { value });
      }
      return this.parsed;
    }
    json() { return "parsed" in this && this.parsed !== null ? this.parsed : JSON.parse(this.body); }
    text() { return this.body; }
    header(name) { return this.headers[String(name).toLowerCase()]; }
  }

  /* ---- checks and metrics ---- */
  const holds = (value) => {
    if (typeof value !== "function") return Boolean(value);
    try { return Boolean(value()); } catch { return false; }
  };
  const check = (name, value) => {
    if (typeof value === "object" && value !== null && typeof name !== "string") {
      // k6's form: a value and a map of functions.
      let all = true;
      for (const [each, test] of Object.entries(value)) all = check(each, () => (typeof test === "function" ? test(name) : test)) && all;
      return all;
    }
    const passed = holds(value);
    note(["c", String(name).slice(0, limits.name), passed]);
    return passed;
  };
  const metric = (type) => (name) => {
    const key = String(name);
    const declared = Object.hasOwn(settings.metrics, key) ? settings.metrics[key] : undefined;
    if (declared !== type) {
      throw new TypeError(declared === undefined ? "declare the metric first: metrics: { " + key + ": " + type + " }" : "the metric " + key + " is declared as a " + declared + ", not as a " + type);
    }
    const add = (value = type === "counter" ? 1 : undefined) => {
      const number = typeof value === "boolean" ? Number(value) : value;
      if (typeof number !== "number" || !Number.isFinite(number)) throw new TypeError(key + " takes a number");
      if (type === "counter" && !(Number.isSafeInteger(number) && number >= 0)) throw new TypeError("the counter " + key + " takes whole numbers from 0 on");
      if (type === "trend" && !Number.isSafeInteger(Math.round(number * 1000))) throw new TypeError("the trend " + key + " cannot hold " + number);
      note(["m", key, type, type === "rate" ? number !== 0 : number]);
    };
    return { add, set: add };
  };
  const metrics = { trend: metric("trend"), counter: metric("counter"), gauge: metric("gauge"), rate: metric("rate") };

  /* ---- console ---- */
  const show = (value) => {
    try {
      if (typeof value === "string") return value;
      if (value instanceof Error) return value.name + ": " + value.message;
      if (typeof value === "object" && value !== null) return JSON.stringify(value, big) ?? String(value);
      return String(value);
    } catch { return "(a value without a text)"; }
  };
  const write = (level) => (...values) => {
    if (run.consoleLeft < 0) return;
    const whole = values.slice(0, 100).map(show).join(" ");
    const text = whole.length > limits.line ? whole.slice(0, limits.line - 1) + "…" : whole;
    run.consoleLeft -= text.length + 16;
    note(run.consoleLeft < 0 ? ["l", "warn", "this run writes too much to the console; the rest is left out"] : ["l", level, text]);
  };
  const console = { log: write("info"), info: write("info"), debug: write("debug"), warn: write("warn"), error: write("error") };

  /* ---- what the host does: requests and sleeping ---- */
  const ask = (kind, what) => new Promise((resolve, reject) => {
    if (run.waiting.size >= limits.asks) return reject(new RangeError("a script may wait for at most " + limits.asks + " requests at once"));
    const number = ++run.asked;
    run.waiting.set(number, { resolve, reject });
    host.ask(run.id, number, '{"k":"' + kind + '","w":' + JSON.stringify(what) + ',"f":' + takeEffects() + "}");
  });
  const encode = (value) => encodeURIComponent(String(value));
  const pairs = (value) => Object.entries(value ?? {}).flatMap(([name, item]) => (Array.isArray(item) ? item : [item]).filter((one) => one !== undefined && one !== null).map((one) => [name, String(one)]));
  const query = (value) => pairs(value).map(([name, one]) => encode(name) + "=" + encode(one)).join("&");
  const milliseconds = (value) => {
    if (typeof value === "number") return value;
    const match = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(String(value));
    if (match === null) throw new TypeError(show(value) + " is not a duration; write 500ms or 2s");
    return Number(match[1]) * { ms: 1, s: 1000, m: 60000 }[match[2]];
  };
  const known = ["headers", "query", "params", "body", "json", "form", "timeout", "name", "tags", "redirect", "redirects", "domain", "auth", "expect_status"];
  const request = async (method, url, options) => {
    const given = options ?? {};
    for (const key of Object.keys(given)) if (!known.includes(key)) throw new TypeError("http knows no option " + key + "; it takes " + known.join(", "));
    const headers = pairs(given.headers);
    const names = headers.map(([name]) => name.toLowerCase());
    let body;
    let type;
    if (given.json !== undefined) { body = JSON.stringify(given.json); type = "application/json"; }
    else if (given.form !== undefined) { body = query(given.form); type = "application/x-www-form-urlencoded"; }
    else if (given.body !== undefined && given.body !== null) {
      if (typeof given.body === "string") body = given.body;
      else { body = JSON.stringify(given.body); type = "application/json"; }
    }
    if (type !== undefined && !names.includes("content-type")) headers.push(["content-type", type]);
    const { bearer, basic } = given.auth ?? {};
    if (bearer !== undefined) headers.push(["authorization", "Bearer " + bearer]);
    if (basic !== undefined) headers.push(["authorization", "Basic " + btoa(String(basic.username) + ":" + String(basic.password))]);
    const redirect = given.redirect ?? {};
    const data = await ask("http", {
      m: String(method).toUpperCase(), u: String(url), q: [query(given.query), query(given.params)].filter((one) => one !== "").join("&"),
      h: headers, b: body, t: given.timeout === undefined ? undefined : milliseconds(given.timeout), n: given.name === undefined ? undefined : String(given.name).slice(0, limits.name),
      r: given.redirects ?? (redirect === false || redirect.follow === false ? 0 : redirect.max_redirects), d: given.domain, x: given.expect_status, a: given.auth === undefined ? undefined : 1,
      g: given.tags === undefined ? undefined : Object.fromEntries(pairs(given.tags)),
    });
    return new Response(data);
  };
  // k6's form gives the body as a text in the second place.
  const withBody = (method) => (url, body, options) =>
    typeof body === "string" ? request(method, url, { ...options, body }) : request(method, url, body ?? options);
  const http = {
    request, get: (url, options) => request("GET", url, options), head: (url, options) => request("HEAD", url, options),
    options: (url, options) => request("OPTIONS", url, options), post: withBody("POST"), put: withBody("PUT"), patch: withBody("PATCH"), del: withBody("DELETE"),
  };
  http.delete = http.del;
  const sleep = async (time) => { await ask("sleep", milliseconds(time)); };

  /* ---- crypto and texts ---- */
  const latin = (bytes) => {
    let text = "";
    for (let at = 0; at < bytes.length; at += 4096) text += String.fromCharCode(...bytes.subarray(at, at + 4096));
    return text;
  };
  const isBytes = (value) => value instanceof Uint8Array || value instanceof ArrayBuffer;
  const data = (value) => (isBytes(value) ? latin(value instanceof ArrayBuffer ? new Uint8Array(value) : value) : String(value));
  const form = (value) => (isBytes(value) ? "latin1" : "utf8");
  const encodings = ["hex", "base64", "base64url", "bytes"];
  const outcome = (text, encoding) => (encoding === "bytes" ? Uint8Array.from(text, (one) => one.charCodeAt(0)) : text);
  const check_encoding = (encoding) => {
    if (!encodings.includes(encoding)) throw new TypeError(show(encoding) + " is no encoding; use " + encodings.join(", "));
    return encoding === "bytes" ? "latin1" : encoding;
  };
  const hash = (algorithm, value, encoding = "hex") =>
    outcome(host.hash(String(algorithm), data(value), form(value), check_encoding(encoding)), encoding);
  const hmac = (algorithm, key, value, encoding = "hex") =>
    outcome(host.hmac(String(algorithm), data(key), form(key), data(value), form(value), check_encoding(encoding)), encoding);
  const randomBytes = (count, encoding = "bytes") => {
    if (!(Number.isInteger(count) && count >= 0 && count <= 65536)) throw new RangeError("randomBytes gives 0 to 65536 bytes");
    return outcome(host.random(run.id, ++run.drawn, count, check_encoding(encoding)), encoding);
  };
  const uuid = () => {
    const text = randomBytes(16, "hex");
    const hex = text.slice(0, 12) + "4" + text.slice(13, 16) + "89ab"[Number.parseInt(text[16], 16) & 3] + text.slice(17);
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  };
  const crypto = { hash, hmac, uuid, randomUUID: uuid, randomBytes };
  for (const name of ["md5", "sha1", "sha256", "sha384", "sha512"]) {
    crypto[name] = (value, encoding) => hash(name, value, encoding);
    crypto["hmac_" + name] = (key, value, encoding) => hmac(name, key, value, encoding);
  }
  const btoa = (text) => host.base64(String(text), true);
  const atob = (text) => host.base64(String(text), false);
  // xorshift128+ in two halves, its state the run's own: a run that has to begin anew draws the same.
  Math.random = () => {
    run.random ??= Array.from({ length: 4 }, (_, at) => Number.parseInt(host.random(run.id, 0, 16, "hex").slice(at * 8, at * 8 + 8), 16) | 1);
    const state = run.random;
    let t = state[3];
    const s = state[0];
    state[3] = state[2]; state[2] = state[1]; state[1] = s;
    t ^= t << 11; t ^= t >>> 8;
    state[0] = t ^ s ^ (s >>> 19);
    return (state[0] >>> 0) / 4294967296;
  };

  /* ---- libs: each run gets its own instance, so that what one keeps nobody else sees ---- */
  const factories = new Map();
  const require = (name) => {
    const key = String(name).replace(/^\.\//, "");
    const loaded = run.modules.get(key);
    if (loaded !== undefined) return loaded.exports;
    const factory = factories.get(key);
    if (factory === undefined) throw new Error("there is no lib " + JSON.stringify(key) + "; libs has " + ([...factories.keys()].join(", ") || "none"));
    const module = { exports: {} };
    run.modules.set(key, module);
    factory(module, module.exports, require);
    return module.exports;
  };

  /* ---- the life of a run ---- */
  const place = (error) => {
    const match = /\(?(?:script|lib ([^():]+)):(\d+)(?::(\d+))?\)?/.exec(String(error.stack));
    if (match === null) return "";
    const line = Math.max(1, Number(match[2]) - 1);
    return " (line " + line + (match[3] === undefined ? "" : ", column " + match[3]) + (match[1] === undefined ? "" : " of lib " + match[1]) + ")";
  };
  const describe = (error) => {
    try {
      if (error instanceof Error) return (show(error) + place(error)).slice(0, 2000);
      return ("the script threw " + show(error)).slice(0, 2000);
    } catch { return "the script threw something that has no text"; }
  };
  const fail = (error) => {
    const message = describe(error);
    return '{"e":' + JSON.stringify(message) + ',"f":' + takeEffects() + "}";
  };
  const succeed = (value) => {
    let text;
    try {
      text = toJson(value, "what the script returns");
      if (text === undefined && value !== undefined) throw new TypeError("what the script returns cannot be a function or a symbol");
    } catch (error) { return fail(error); }
    const effects = run.effects.length === 0 ? "" : ',"f":' + takeEffects();
    return text === undefined ? "{" + effects.slice(1) + "}" : '{"o":' + text + effects + "}";
  };
  const functions = [];
  const define = (name, value) => Object.defineProperty(globalThis, name, { value, enumerable: true });
  Object.defineProperty(globalThis, "response", { get: () => run.response, enumerable: true });
  Object.defineProperty(globalThis, "vu", { get: () => run.vu, enumerable: true });
  Object.defineProperty(globalThis, "iteration", { get: () => run.iteration, enumerable: true });
  const api = { ctx, vars, http, crypto, console, check, metrics, require, sleep, btoa, atob, env: settings.env, secret: settings.secret };
  for (const [name, value] of Object.entries(api)) define(name, value);

  return {
    vars, check, Response, currentResponse: () => run.response,
    register(place, compiled) { functions[place] = compiled; },
    registerLib(name, factory) { factories.set(name, factory); },
    /* The outcome as JSON, or an empty text: it waits. */
    start(place, id, text) {
      const flagged = text.charCodeAt(0) === 33;
      const input = flagged ? JSON.parse(text.slice(1), revive) : JSON.parse(text);
      run = {
        id, values: Object.setPrototypeOf(input.v, null), vu: input.u, iteration: input.i, response: input.r === undefined ? undefined : new Response(input.r),
        effects: [], consoleLeft: limits.consoleText, asked: 0, waiting: new Map(), drawn: 0, random: undefined, modules: new Map(),
      };
      try {
        const returned = functions[place]();
        if ((typeof returned !== "object" && typeof returned !== "function") || returned === null || typeof returned.then !== "function") return succeed(returned);
        const own = run;
        runs.set(id, own);
        const end = (conclude) => (value) => { if (runs.get(id) === own) { const outcome = conclude(value); runs.delete(id); host.done(outcome); } };
        Promise.resolve(returned).then(end(succeed), end(fail));
        return "";
      } catch (error) {
        return fail(error);
      }
    },
    answer(id, number, text) {
      run = runs.get(id);
      const waiter = run.waiting.get(number);
      if (waiter === undefined) return;
      run.waiting.delete(number);
      const { v, e, r } = JSON.parse(text);
      if (e !== undefined) return waiter.reject(new TypeError(e));
      if (r !== undefined) run.response = new Response(v);
      waiter.resolve(v);
    },
    /* Does the run wait for an answer? */
    waits: (id) => runs.has(id) && runs.get(id).waiting.size > 0,
    forget(id) { runs.delete(id); },
  };
})`;
