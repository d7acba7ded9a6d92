// Made by `npm run schema` of the shapes that a workflow is checked against.

/** A text with a `${…}` in it, whose value is known when the workflow is loaded or run. */
export type Template = `${string}\${${string}}${string}`;

type Scalar = string | number | boolean;

/** A workflow as it is written. */
export interface WorkflowDocument {
  /** The workflow's id; `latest` is reserved. Default: the file's name without its extension. */
  readonly id?: string;
  /** The workflow's name for people. Default: its id. */
  readonly name?: string;
  /** What the workflow is for. Default: empty. */
  readonly description?: string;
  /** A version of the user's own; it is only shown. Default: none. */
  readonly version?: Scalar;
  /** Values that templates read as `${name}`; `-e NAME=VALUE` wins over them. Default: none. */
  readonly variables?: Readonly<Record<string, unknown>>;
  /** Files of rows by name; `${data.<name>.<column>}` reads the row of this iteration or VU. Default: none. */
  readonly data?: Readonly<
    Record<
      string,
      {
        /** The file, named relative to the workflow. Required. */
        readonly file: string;
        /** How it is written. Default: by the file's extension, else csv. */
        readonly format?: "csv" | "json" | "ndjson" | Template;
        /** Which row comes next: in the file's order, any, each once in a random order, or each at most once in the whole run on all slaves. Default: sequential. */
        readonly mode?: "sequential" | "random" | "shuffle" | "unique" | Template;
        /** Who has a row: each iteration, or each VU for its life. Default: iteration. */
        readonly per?: "iteration" | "vu" | Template;
        /** After the last row: begin again with the first, or begin no more iterations. Default: recycle; unique: stop. */
        readonly on_end?: "recycle" | "stop" | Template;
        /** Between the fields of csv, one ASCII character. Default: a comma; in a file `.tsv` a tab. */
        readonly delimiter?: string;
        /** The file's encoding, such as `utf-8`, `gbk` or `big5`. Default: utf-8. */
        readonly encoding?: string;
      }
    >
  >;
  /** Databases and brokers by name, each with a `driver` and its fields, such as `{shop: {driver: mysql, dsn: …}}`; texts may read variables, `env` and `secret`. A slave adds those of its own configuration. Default: none. */
  readonly connections?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Metrics of the user's own and their types, such as `{checkout: trend}`. Default: none. */
  readonly metrics?: Readonly<Record<string, "counter" | "gauge" | "rate" | "trend" | Template>>;
  /** JavaScript that scripts share: texts or `{file}`, by the name for `require(name)`. Default: none. */
  readonly libs?: Readonly<
    Record<
      string,
      | string
      | {
          /** A UTF-8 file relative to the workflow; never a template. Required. */
          readonly file: string;
        }
    >
  >;
  /** Same as `options.http`: defaults of all http steps. */
  readonly http?: {
    /** What relative URLs of steps are appended to, such as `http://localhost:8080`. Default: none. */
    readonly base_url?: string;
    /** Base URLs by name, for a step's `domain`. Default: none. */
    readonly domains?: Readonly<Record<string, string>>;
    /** The most bytes of an answer's headers, such as `16kB`. Default: 64kB. */
    readonly max_header?: number | string;
    /** The most bytes of an answer's body, such as `1MB`, when something reads it. Default: 16MB. */
    readonly max_body?: number | string;
    /** How long cookies live: as long as the VU, an iteration (then what vu_setup left is back), or not at all. Default: vu. */
    readonly cookies?: "vu" | "iteration" | "off" | Template;
    /** How long connections are kept: as long as the VU, for an iteration, or for one request. Default: vu. */
    readonly connections?: "vu" | "iteration" | "none" | Template;
    /** How names are looked up. Default: the system's way, kept for 5m. */
    readonly dns?: {
      /** How long a looked-up name is kept, such as `1m`. Default: 5m. */
      readonly ttl?: number | string;
    };
    /** Addresses to dial in place of names, such as `{api.test: 127.0.0.1:8080}`; `*.test` is every name below. Default: none. */
    readonly hosts?: Readonly<Record<string, string>>;
    /** Addresses of this machine that connections come from, each VU's from one: `10.0.0.5`, `10.0.0.0/28`, `10.0.0.5-10.0.0.9`, or a list of them. Default: the system chooses. */
    readonly ip?: string | readonly string[];
    /** Parameters added to the URL, encoded. Default: none. */
    readonly query?:
      | Readonly<Record<string, Scalar | readonly Scalar[]>>
      | readonly {
          /** The name. Required. */
          readonly key: string;
          /** The value; may be a template. Required. */
          readonly value: Scalar;
        }[]
      | string;
    /** Same as `query`. */
    readonly params?:
      | Readonly<Record<string, Scalar | readonly Scalar[]>>
      | readonly {
          /** The name. Required. */
          readonly key: string;
          /** The value; may be a template. Required. */
          readonly value: Scalar;
        }[]
      | string;
    /** Headers: a map of names to texts or lists of texts, or a list of `{key, value}`; a step's win. Default: none. */
    readonly headers?:
      | Readonly<Record<string, Scalar | readonly Scalar[]>>
      | readonly {
          /** The name. Required. */
          readonly key: string;
          /** The value; may be a template. Required. */
          readonly value: Scalar;
        }[];
    /** Basic or bearer authentication; null: none. Default: that of `options.http`. */
    readonly auth?: {
      /** Basic authentication. Default: none. */
      readonly basic?: {
        /** The user's name. Required. */
        readonly username: Scalar;
        /** The password; may be a template such as `${secret.PASSWORD}`. Required. */
        readonly password: Scalar;
      };
      /** A token, sent as `Authorization: Bearer …`; may be a template. Default: none. */
      readonly bearer?: string;
    } | null;
    /** Whether and how far redirects are followed. Default: up to 10. */
    readonly redirect?:
      | boolean
      | Template
      | {
          /** Follow redirects. Default: true. */
          readonly follow?: boolean | Template;
          /** The most redirects for one request; beyond it the step fails. Default: 10. */
          readonly max_redirects?: number | Template;
        };
    /** Certificates of an https connection. Default: verify, with the system's authorities. */
    readonly tls?: {
      /** Verify the server's certificate. Default: true, unless `--insecure` is given. */
      readonly verify?: boolean | Template;
      /** The client's certificate: PEM text, or a file relative to the workflow. Default: none. */
      readonly cert?: string;
      /** The key of `cert`: PEM text, or a file relative to the workflow. Default: none. */
      readonly key?: string;
      /** What opens `key`, where it is encrypted. Default: none. */
      readonly passphrase?: string;
      /** Authorities to trust: PEM text, or a file relative to the workflow. Default: the system's own. */
      readonly ca?: string;
      /** The oldest version of TLS to accept: 1.0, 1.1, 1.2 or 1.3. Default: 1.2. */
      readonly min_version?: "1.0" | 1 | "1.1" | 1.1 | "1.2" | 1.2 | "1.3" | 1.3 | Template;
      /** The newest version of TLS to offer. Default: 1.3. */
      readonly max_version?: "1.0" | 1 | "1.1" | 1.1 | "1.2" | 1.2 | "1.3" | 1.3 | Template;
      /** What to offer, as OpenSSL lists it: `TLS_AES_128_GCM_SHA256:…`. Default: Node's own list. */
      readonly ciphers?: string;
      /** The name to ask the server for, and to find in its certificate. Default: the host of the connection. */
      readonly server_name?: string;
    };
    /** The longest time for the whole request, such as `30s`, or `{connect, total}`. Default: connect 10s, total 60s. */
    readonly timeout?:
      | number
      | string
      | {
          /** For name look-up, every address and the TLS handshake together, such as `3s`. Default: 10s. */
          readonly connect?: number | string;
          /** For the request with all its redirects, such as `30s`. Default: 60s. */
          readonly total?: number | string;
        };
    /** The version of HTTP to speak; `auto`: over TLS what the server prefers of 2 and 1.1, else 1.1. Default: 1.1. */
    readonly http_version?: "1.1" | 1.1 | "2" | 2 | "auto" | Template;
    /** Ask for a compressed answer, or `{answers, request}`. Default: false. */
    readonly compression?:
      | boolean
      | Template
      | {
          /** Ask for a compressed answer. Default: false. */
          readonly answers?: boolean | Template;
          /** Compress the body of the request; files are sent as they are. Default: not compressed. */
          readonly request?: "gzip" | "deflate" | "br" | Template;
        };
    /** An HTTP proxy, `http://USER:PASSWORD@HOST:PORT` (or https), or `env`: HTTP_PROXY, HTTPS_PROXY, NO_PROXY; null: none. May be a template of `env`, `secret` and `variables`. Default: that of `options.http`, else none. */
    readonly proxy?: string | null;
    /** Send a `traceparent` header with ids of its own with each request; null: none. Default: that of `options.http`, else none. */
    readonly tracing?: "w3c" | Template | null;
    /** Load what a browser would load with an HTML page: styles, scripts, images, fonts; `{include, exclude, required}` says which. Default: false. */
    readonly resources?:
      | boolean
      | Template
      | {
          /** Regular expressions, tried on the whole URL, of which one must match; may be templates. Default: all URLs. */
          readonly include?: string | readonly string[];
          /** Regular expressions, tried on the whole URL, of which none may match; may be templates. Default: none. */
          readonly exclude?: string | readonly string[];
          /** A resource that fails fails the step. Default: false; it is an error and a failed request, no failed step. */
          readonly required?: boolean | Template;
        };
    /** Statuses that count as success: `200`, `2xx`, `300-399`, or a list of them. Default: every one below 400. */
    readonly expect_status?: number | Template | string | readonly (number | Template | string)[];
  };
  /** The load, and how the workflow runs. Default: one iteration by one VU. */
  readonly options?: {
    /** How iterations are started. Default: by the fields given. `rate`: constant-arrival-rate; `start_rate` with `stages`: ramping-arrival-rate; `stages`: ramping-vus; `iterations`: shared-iterations; `duration`: constant-vus; none of them: one iteration per VU. `find-limit` searches for the highest load that holds the thresholds. */
    readonly mode?:
      | "constant-vus"
      | "ramping-vus"
      | "per-vu-iterations"
      | "shared-iterations"
      | "constant-arrival-rate"
      | "ramping-arrival-rate"
      | "externally-controlled"
      | "find-limit"
      | Template;
    /** Virtual users that run iterations at the same time. Default: 1. */
    readonly vus?: number | Template;
    /** How long iterations are started, such as `30s` or `1h30m`, in test time (without pauses). Default: none; modes that count iterations are then limited by `max_duration`. */
    readonly duration?: number | string;
    /** How many iterations run: all VUs together in mode shared-iterations, each VU in per-vu-iterations. Default: 1 for each VU in per-vu-iterations; required in shared-iterations. */
    readonly iterations?: number | Template;
    /** Stages of a load that changes linearly, one after the other. Default: none; required in the ramping modes. */
    readonly stages?: readonly {
      /** How long the stage takes, such as `30s`; 0 jumps to the target. Required. */
      readonly duration: number | string;
      /** Where the stage ends: VUs in mode ramping-vus, iterations per `time_unit` in ramping-arrival-rate. Required. */
      readonly target: number | Template;
    }[];
    /** Iterations started per `time_unit`, in mode constant-arrival-rate. Required there; no default. */
    readonly rate?: number | Template;
    /** The time that `rate` and stage targets count in, such as `1m`. Default: 1s. */
    readonly time_unit?: number | string;
    /** VUs made before the start, in the arrival modes and in find-limit of a rate. Default: the iterations started in a second. */
    readonly pre_allocated_vus?: number | Template;
    /** The most VUs, in the arrival modes, find-limit of a rate and externally-controlled; a start that finds none free is dropped and counted. Default: `pre_allocated_vus`, or `vus`. */
    readonly max_vus?: number | Template;
    /** VUs at the beginning of the first stage, in mode ramping-vus. Default: 1. */
    readonly start_vus?: number | Template;
    /** Iterations per `time_unit` at the beginning of the first stage, in mode ramping-arrival-rate. Default: 0. */
    readonly start_rate?: number | Template;
    /** The time over which constant VUs are started, evenly, such as `10s`; part of `duration`. Default: 0, all at once. */
    readonly ramp_up?: number | string;
    /** How long running iterations may go on after the end before they are interrupted, wall time. Default: 30s. */
    readonly graceful_stop?: number | string;
    /** How long the iteration of a VU that is taken away may go on before it is interrupted, in mode ramping-vus. Default: 30s. */
    readonly graceful_ramp_down?: number | string;
    /** The longest time for all iterations, in the modes that count them, such as `5m`. Default: 10m. In find-limit the longest time of the search; default: as long as it takes. */
    readonly max_duration?: number | string;
    /** The least time between the beginnings of two iterations of a VU, such as `2s`, in test time. Default: 0. */
    readonly pacing?: number | string;
    /** Wait after each iteration: `1s`, or `{min, max}` for a random time between; in no duration metric. Default: none. */
    readonly think_time?:
      | number
      | string
      | {
          /** The shortest time; a bare number is milliseconds. Required. */
          readonly min: number | string;
          /** The longest time; a bare number is milliseconds. Required. */
          readonly max: number | string;
        };
    /** What mode find-limit searches: the highest rate, or number of VUs, at which the thresholds hold. Required there; no default. */
    readonly find_limit?: {
      /** What is raised: iterations started per second, or VUs. Default: rate. */
      readonly of?: "rate" | "vus" | Template;
      /** The first level: iterations per second, or a whole number of VUs. Required. */
      readonly from: number | Template;
      /** No level is above this. Required. */
      readonly to: number | Template;
      /** How many times the level before it the next one is, until one breaks. Default: 1.5. */
      readonly factor?: number | Template;
      /** How long each level is judged, such as `30s`; a quarter of it, at least 1 s, goes by before and is left out. Default: 30s. */
      readonly hold?: number | string;
      /** How near the limit is found, such as `5%` of it. Default: 5%. */
      readonly tolerance?: number | Template | string;
    };
    /** This first part of the run, such as `10s`, is left out of metrics and thresholds, in test time. Default: 0. */
    readonly warm_up?: number | string;
    /** Conditions on metrics that decide whether the run passes: a list, or k6's map. Default: none. */
    readonly thresholds?:
      | readonly {
          /** The metric, with tags if it needs some: `http_req_duration{step:login}`, or `login.duration.p95`. Required. */
          readonly metric: string;
          /** What must hold: `p(95) < 500ms`, `rate < 1%`, `count > 100`. Without a unit: milliseconds, bytes or 0..1. Required. */
          readonly condition: string;
          /** End the run as soon as the threshold fails. Default: false. */
          readonly abort_on_fail?: boolean | Template;
          /** Same as `abort_on_fail`, as k6 writes it. */
          readonly abortOnFail?: boolean | Template;
          /** How long after the start `abort_on_fail` begins to look, such as `10s`, in test time. Default: 0. */
          readonly delay?: number | string;
          /** Same as `delay`, as k6 writes it. */
          readonly delayAbortEval?: number | string;
          /** Look only at this much of the latest time, such as `30s`, in test time. Default: the whole run. */
          readonly window?: number | string;
          /** What a metric without any value means. Default: fail. */
          readonly no_data?: "fail" | "pass" | Template;
        }[]
      | Readonly<
          Record<
            string,
            | string
            | readonly (
                | string
                | {
                    /** Same as `condition`, as k6 writes it. */
                    readonly threshold?: string;
                    /** What must hold: `p(95) < 500ms`, `rate < 1%`, `count > 100`. Without a unit: milliseconds, bytes or 0..1. Required. */
                    readonly condition?: string;
                    /** End the run as soon as the threshold fails. Default: false. */
                    readonly abort_on_fail?: boolean | Template;
                    /** Same as `abort_on_fail`, as k6 writes it. */
                    readonly abortOnFail?: boolean | Template;
                    /** How long after the start `abort_on_fail` begins to look, such as `10s`, in test time. Default: 0. */
                    readonly delay?: number | string;
                    /** Same as `delay`, as k6 writes it. */
                    readonly delayAbortEval?: number | string;
                    /** Look only at this much of the latest time, such as `30s`, in test time. Default: the whole run. */
                    readonly window?: number | string;
                    /** What a metric without any value means. Default: fail. */
                    readonly no_data?: "fail" | "pass" | Template;
                  }
              )[]
            | {
                /** Same as `condition`, as k6 writes it. */
                readonly threshold?: string;
                /** What must hold: `p(95) < 500ms`, `rate < 1%`, `count > 100`. Without a unit: milliseconds, bytes or 0..1. Required. */
                readonly condition?: string;
                /** End the run as soon as the threshold fails. Default: false. */
                readonly abort_on_fail?: boolean | Template;
                /** Same as `abort_on_fail`, as k6 writes it. */
                readonly abortOnFail?: boolean | Template;
                /** How long after the start `abort_on_fail` begins to look, such as `10s`, in test time. Default: 0. */
                readonly delay?: number | string;
                /** Same as `delay`, as k6 writes it. */
                readonly delayAbortEval?: number | string;
                /** Look only at this much of the latest time, such as `30s`, in test time. Default: the whole run. */
                readonly window?: number | string;
                /** What a metric without any value means. Default: fail. */
                readonly no_data?: "fail" | "pass" | Template;
              }
          >
        >;
    /** Which slaves of a master run the workflow. Default: any that can. */
    readonly target_slaves?: {
      /** How slaves are chosen. Default: manual with `slave_ids`, label with `labels`, capability with `capabilities`, else auto. */
      readonly mode?: "manual" | "label" | "capability" | "auto" | Template;
      /** The slaves to run on, all of them. Default: none; required in mode manual. */
      readonly slave_ids?: readonly string[];
      /** Labels that a slave must have, all of them. Default: none; required in mode label. */
      readonly labels?: Readonly<Record<string, Scalar>>;
      /** Capabilities that a slave must have, besides those the steps need. Default: none; required in mode capability. */
      readonly capabilities?: readonly string[];
      /** Fewer slaves than these at the start are refused. Default: 1. */
      readonly min_slaves?: number | Template;
      /** The most slaves to run on, those with the least load first. Default: no limit. */
      readonly max_slaves?: number | Template;
    };
    /** When a slave is lost: others take its load, the run goes on with less, or it ends. Default: redistribute. */
    readonly on_slave_loss?: "redistribute" | "continue" | "abort" | Template;
    /** What a slave that joins late takes: only load that nobody has, or a fair part of all. Default: fill. */
    readonly on_slave_join?: "fill" | "rebalance" | Template;
    /** Defaults of all http steps. Default: those of each field. */
    readonly http?: {
      /** What relative URLs of steps are appended to, such as `http://localhost:8080`. Default: none. */
      readonly base_url?: string;
      /** Base URLs by name, for a step's `domain`. Default: none. */
      readonly domains?: Readonly<Record<string, string>>;
      /** The most bytes of an answer's headers, such as `16kB`. Default: 64kB. */
      readonly max_header?: number | string;
      /** The most bytes of an answer's body, such as `1MB`, when something reads it. Default: 16MB. */
      readonly max_body?: number | string;
      /** How long cookies live: as long as the VU, an iteration (then what vu_setup left is back), or not at all. Default: vu. */
      readonly cookies?: "vu" | "iteration" | "off" | Template;
      /** How long connections are kept: as long as the VU, for an iteration, or for one request. Default: vu. */
      readonly connections?: "vu" | "iteration" | "none" | Template;
      /** How names are looked up. Default: the system's way, kept for 5m. */
      readonly dns?: {
        /** How long a looked-up name is kept, such as `1m`. Default: 5m. */
        readonly ttl?: number | string;
      };
      /** Addresses to dial in place of names, such as `{api.test: 127.0.0.1:8080}`; `*.test` is every name below. Default: none. */
      readonly hosts?: Readonly<Record<string, string>>;
      /** Addresses of this machine that connections come from, each VU's from one: `10.0.0.5`, `10.0.0.0/28`, `10.0.0.5-10.0.0.9`, or a list of them. Default: the system chooses. */
      readonly ip?: string | readonly string[];
      /** Parameters added to the URL, encoded. Default: none. */
      readonly query?:
        | Readonly<Record<string, Scalar | readonly Scalar[]>>
        | readonly {
            /** The name. Required. */
            readonly key: string;
            /** The value; may be a template. Required. */
            readonly value: Scalar;
          }[]
        | string;
      /** Same as `query`. */
      readonly params?:
        | Readonly<Record<string, Scalar | readonly Scalar[]>>
        | readonly {
            /** The name. Required. */
            readonly key: string;
            /** The value; may be a template. Required. */
            readonly value: Scalar;
          }[]
        | string;
      /** Headers: a map of names to texts or lists of texts, or a list of `{key, value}`; a step's win. Default: none. */
      readonly headers?:
        | Readonly<Record<string, Scalar | readonly Scalar[]>>
        | readonly {
            /** The name. Required. */
            readonly key: string;
            /** The value; may be a template. Required. */
            readonly value: Scalar;
          }[];
      /** Basic or bearer authentication; null: none. Default: that of `options.http`. */
      readonly auth?: {
        /** Basic authentication. Default: none. */
        readonly basic?: {
          /** The user's name. Required. */
          readonly username: Scalar;
          /** The password; may be a template such as `${secret.PASSWORD}`. Required. */
          readonly password: Scalar;
        };
        /** A token, sent as `Authorization: Bearer …`; may be a template. Default: none. */
        readonly bearer?: string;
      } | null;
      /** Whether and how far redirects are followed. Default: up to 10. */
      readonly redirect?:
        | boolean
        | Template
        | {
            /** Follow redirects. Default: true. */
            readonly follow?: boolean | Template;
            /** The most redirects for one request; beyond it the step fails. Default: 10. */
            readonly max_redirects?: number | Template;
          };
      /** Certificates of an https connection. Default: verify, with the system's authorities. */
      readonly tls?: {
        /** Verify the server's certificate. Default: true, unless `--insecure` is given. */
        readonly verify?: boolean | Template;
        /** The client's certificate: PEM text, or a file relative to the workflow. Default: none. */
        readonly cert?: string;
        /** The key of `cert`: PEM text, or a file relative to the workflow. Default: none. */
        readonly key?: string;
        /** What opens `key`, where it is encrypted. Default: none. */
        readonly passphrase?: string;
        /** Authorities to trust: PEM text, or a file relative to the workflow. Default: the system's own. */
        readonly ca?: string;
        /** The oldest version of TLS to accept: 1.0, 1.1, 1.2 or 1.3. Default: 1.2. */
        readonly min_version?: "1.0" | 1 | "1.1" | 1.1 | "1.2" | 1.2 | "1.3" | 1.3 | Template;
        /** The newest version of TLS to offer. Default: 1.3. */
        readonly max_version?: "1.0" | 1 | "1.1" | 1.1 | "1.2" | 1.2 | "1.3" | 1.3 | Template;
        /** What to offer, as OpenSSL lists it: `TLS_AES_128_GCM_SHA256:…`. Default: Node's own list. */
        readonly ciphers?: string;
        /** The name to ask the server for, and to find in its certificate. Default: the host of the connection. */
        readonly server_name?: string;
      };
      /** The longest time for the whole request, such as `30s`, or `{connect, total}`. Default: connect 10s, total 60s. */
      readonly timeout?:
        | number
        | string
        | {
            /** For name look-up, every address and the TLS handshake together, such as `3s`. Default: 10s. */
            readonly connect?: number | string;
            /** For the request with all its redirects, such as `30s`. Default: 60s. */
            readonly total?: number | string;
          };
      /** The version of HTTP to speak; `auto`: over TLS what the server prefers of 2 and 1.1, else 1.1. Default: 1.1. */
      readonly http_version?: "1.1" | 1.1 | "2" | 2 | "auto" | Template;
      /** Ask for a compressed answer, or `{answers, request}`. Default: false. */
      readonly compression?:
        | boolean
        | Template
        | {
            /** Ask for a compressed answer. Default: false. */
            readonly answers?: boolean | Template;
            /** Compress the body of the request; files are sent as they are. Default: not compressed. */
            readonly request?: "gzip" | "deflate" | "br" | Template;
          };
      /** An HTTP proxy, `http://USER:PASSWORD@HOST:PORT` (or https), or `env`: HTTP_PROXY, HTTPS_PROXY, NO_PROXY; null: none. May be a template of `env`, `secret` and `variables`. Default: that of `options.http`, else none. */
      readonly proxy?: string | null;
      /** Send a `traceparent` header with ids of its own with each request; null: none. Default: that of `options.http`, else none. */
      readonly tracing?: "w3c" | Template | null;
      /** Load what a browser would load with an HTML page: styles, scripts, images, fonts; `{include, exclude, required}` says which. Default: false. */
      readonly resources?:
        | boolean
        | Template
        | {
            /** Regular expressions, tried on the whole URL, of which one must match; may be templates. Default: all URLs. */
            readonly include?: string | readonly string[];
            /** Regular expressions, tried on the whole URL, of which none may match; may be templates. Default: none. */
            readonly exclude?: string | readonly string[];
            /** A resource that fails fails the step. Default: false; it is an error and a failed request, no failed step. */
            readonly required?: boolean | Template;
          };
      /** Statuses that count as success: `200`, `2xx`, `300-399`, or a list of them. Default: every one below 400. */
      readonly expect_status?: number | Template | string | readonly (number | Template | string)[];
    };
    /** Tags on every series. Default: none. */
    readonly tags?: Readonly<Record<string, Scalar>>;
    /** Live streams of metrics; `-o` replaces them. Default: none. */
    readonly outputs?: readonly {
      /** What it is. Required. */
      readonly type: "json" | "csv" | "influxdb" | "prometheus" | "otlp" | "webhook" | Template;
      /** Where points are posted, or for json and csv the file; `${secret.X}` may stand in it. Required. */
      readonly url?: string;
      /** Same as `url`, of a file. */
      readonly path?: string;
      /** The span of a point, whole seconds such as `5s`. Default: 1s. */
      readonly interval?: number | string;
      /** Sent with every request; `${secret.X}` may stand in them. Default: none. */
      readonly headers?: Readonly<Record<string, Scalar>>;
      /** A bearer token, or the token of InfluxDB 2; best `${secret.X}`. Default: none. */
      readonly token?: string;
      /** How otlp is written. Default: protobuf. */
      readonly format?: "protobuf" | "json" | Template;
      /** How prometheus is told trends; it takes native histograms with `--enable-feature=native-histograms`. Default: classic. */
      readonly histograms?: "classic" | "native" | Template;
    }[];
    /** What a failed step means, for every step that does not say: abort the iteration, continue with the next step (the iteration counts as failed), skip (it does not), or retry, then abort. Default: abort. */
    readonly on_error?:
      | "abort"
      | "continue"
      | "skip"
      | "retry"
      | Template
      | {
          /** How often the step is tried in all, the first attempt included. Default: 3. */
          readonly max_attempts?: number | Template;
          /** Wait before the second attempt, such as `500ms`. Default: 1s. */
          readonly delay?: number | string;
          /** How the wait grows: not at all, by `delay` each time, or doubling. Default: fixed. */
          readonly backoff?: "fixed" | "linear" | "exponential" | Template;
          /** The longest wait between two attempts, such as `10s`. Default: 30s. */
          readonly max_delay?: number | string;
        };
    /** What random values, shuffled rows and fake data follow from: the same seed gives the same ones. Default: each run has its own. */
    readonly seed?: number | Template;
    /** Whose words `faker.name()` and the like use. Default: en. */
    readonly locale?: "en" | "zh_CN" | "zh_TW" | "ja" | "ko" | "de" | "fr" | "es" | "it" | "pt_BR" | "ru" | Template;
    /** The longest time for `setup`, such as `2m`. Default: 60s. */
    readonly setup_timeout?: number | string;
    /** The longest time for `teardown`, such as `2m`. Default: 60s. */
    readonly teardown_timeout?: number | string;
  };
  /** Steps that run once before the load; their variables are read-only for all. Default: none. */
  readonly setup?: readonly Step[];
  /** What each iteration does, in order. Required, unless there are `scenarios`. */
  readonly steps?: readonly Step[];
  /** Several loads that run side by side, by name, in place of `steps`. Default: one scenario, `default`. */
  readonly scenarios?: Readonly<
    Record<
      string,
      {
        /** How iterations are started. Default: by the fields given. `rate`: constant-arrival-rate; `start_rate` with `stages`: ramping-arrival-rate; `stages`: ramping-vus; `iterations`: shared-iterations; `duration`: constant-vus; none of them: one iteration per VU. `find-limit` searches for the highest load that holds the thresholds. */
        readonly mode?:
          | "constant-vus"
          | "ramping-vus"
          | "per-vu-iterations"
          | "shared-iterations"
          | "constant-arrival-rate"
          | "ramping-arrival-rate"
          | "externally-controlled"
          | "find-limit"
          | Template;
        /** Virtual users that run iterations at the same time. Default: 1. */
        readonly vus?: number | Template;
        /** How long iterations are started, such as `30s` or `1h30m`, in test time (without pauses). Default: none; modes that count iterations are then limited by `max_duration`. */
        readonly duration?: number | string;
        /** How many iterations run: all VUs together in mode shared-iterations, each VU in per-vu-iterations. Default: 1 for each VU in per-vu-iterations; required in shared-iterations. */
        readonly iterations?: number | Template;
        /** Stages of a load that changes linearly, one after the other. Default: none; required in the ramping modes. */
        readonly stages?: readonly {
          /** How long the stage takes, such as `30s`; 0 jumps to the target. Required. */
          readonly duration: number | string;
          /** Where the stage ends: VUs in mode ramping-vus, iterations per `time_unit` in ramping-arrival-rate. Required. */
          readonly target: number | Template;
        }[];
        /** Iterations started per `time_unit`, in mode constant-arrival-rate. Required there; no default. */
        readonly rate?: number | Template;
        /** The time that `rate` and stage targets count in, such as `1m`. Default: 1s. */
        readonly time_unit?: number | string;
        /** VUs made before the start, in the arrival modes and in find-limit of a rate. Default: the iterations started in a second. */
        readonly pre_allocated_vus?: number | Template;
        /** The most VUs, in the arrival modes, find-limit of a rate and externally-controlled; a start that finds none free is dropped and counted. Default: `pre_allocated_vus`, or `vus`. */
        readonly max_vus?: number | Template;
        /** VUs at the beginning of the first stage, in mode ramping-vus. Default: 1. */
        readonly start_vus?: number | Template;
        /** Iterations per `time_unit` at the beginning of the first stage, in mode ramping-arrival-rate. Default: 0. */
        readonly start_rate?: number | Template;
        /** The time over which constant VUs are started, evenly, such as `10s`; part of `duration`. Default: 0, all at once. */
        readonly ramp_up?: number | string;
        /** How long running iterations may go on after the end before they are interrupted, wall time. Default: 30s. */
        readonly graceful_stop?: number | string;
        /** How long the iteration of a VU that is taken away may go on before it is interrupted, in mode ramping-vus. Default: 30s. */
        readonly graceful_ramp_down?: number | string;
        /** The longest time for all iterations, in the modes that count them, such as `5m`. Default: 10m. In find-limit the longest time of the search; default: as long as it takes. */
        readonly max_duration?: number | string;
        /** The least time between the beginnings of two iterations of a VU, such as `2s`, in test time. Default: 0. */
        readonly pacing?: number | string;
        /** Wait after each iteration: `1s`, or `{min, max}` for a random time between; in no duration metric. Default: none. */
        readonly think_time?:
          | number
          | string
          | {
              /** The shortest time; a bare number is milliseconds. Required. */
              readonly min: number | string;
              /** The longest time; a bare number is milliseconds. Required. */
              readonly max: number | string;
            };
        /** What mode find-limit searches: the highest rate, or number of VUs, at which the thresholds hold. Required there; no default. */
        readonly find_limit?: {
          /** What is raised: iterations started per second, or VUs. Default: rate. */
          readonly of?: "rate" | "vus" | Template;
          /** The first level: iterations per second, or a whole number of VUs. Required. */
          readonly from: number | Template;
          /** No level is above this. Required. */
          readonly to: number | Template;
          /** How many times the level before it the next one is, until one breaks. Default: 1.5. */
          readonly factor?: number | Template;
          /** How long each level is judged, such as `30s`; a quarter of it, at least 1 s, goes by before and is left out. Default: 30s. */
          readonly hold?: number | string;
          /** How near the limit is found, such as `5%` of it. Default: 5%. */
          readonly tolerance?: number | Template | string;
        };
        /** When the scenario begins, such as `30s` after the start of the run, in test time. Default: 0. */
        readonly start_time?: number | string;
        /** What each iteration does, in order. Required. */
        readonly steps: readonly Step[];
        /** Variables of this scenario; they win over the workflow's. Default: none. */
        readonly variables?: Readonly<Record<string, unknown>>;
        /** Tags on every series of the scenario. Default: those of the options. */
        readonly tags?: Readonly<Record<string, Scalar>>;
        /** Which slaves of a master run the scenario. Default: those of the options that can run its steps. */
        readonly target_slaves?: {
          /** How slaves are chosen. Default: manual with `slave_ids`, label with `labels`, capability with `capabilities`, else auto. */
          readonly mode?: "manual" | "label" | "capability" | "auto" | Template;
          /** The slaves to run on, all of them. Default: none; required in mode manual. */
          readonly slave_ids?: readonly string[];
          /** Labels that a slave must have, all of them. Default: none; required in mode label. */
          readonly labels?: Readonly<Record<string, Scalar>>;
          /** Capabilities that a slave must have, besides those the steps need. Default: none; required in mode capability. */
          readonly capabilities?: readonly string[];
          /** Fewer slaves than these at the start are refused. Default: 1. */
          readonly min_slaves?: number | Template;
          /** The most slaves to run on, those with the least load first. Default: no limit. */
          readonly max_slaves?: number | Template;
        };
      }
    >
  >;
  /** Steps that run once after the load, if `setup` succeeded. Default: none. */
  readonly teardown?: readonly Step[];
  /** Steps that each VU runs before its first iteration; what they set lives as long as the VU. Default: none. */
  readonly vu_setup?: readonly Step[];
  /** Steps that each VU runs after its last iteration. Default: none. */
  readonly vu_teardown?: readonly Step[];
  /** A step or a list of steps to run before the steps of every iteration. Default: none. */
  readonly pre_hook?: Step | readonly Step[];
  /** A step or a list of steps to run after the steps of every iteration. Default: none. */
  readonly post_hook?: Step | readonly Step[];
  /** Lists of steps that `call` steps run, by name. Default: none. */
  readonly fragments?: Readonly<
    Record<
      string,
      {
        /** What a call gives: names, all of them required, or names with their defaults. Default: none. */
        readonly params?: readonly string[] | Readonly<Record<string, unknown>>;
        /** What a call runs, in order. Required. */
        readonly steps: readonly Step[];
        /** What a call gets back: expressions by name, such as `{token: login.output.token}`. Default: nothing. */
        readonly results?: Readonly<Record<string, string>>;
      }
    >
  >;
}

/** What every step takes besides its type and config. */
export interface StepFields {
  /** The step's name in metrics, thresholds and expressions; unique. Default: `<type>_<n>`. */
  readonly id?: string;
  /** The step's name for people. Default: its id. */
  readonly name?: string;
  /** The longest time for one attempt of the step, such as `5s`, wall time. Default: no limit beyond the type's own. */
  readonly timeout?: number | string;
  /** What a failure means: abort the iteration, continue with the next step (the iteration counts as failed), skip (it does not), or retry, then abort. Default: `options.on_error`, else abort. */
  readonly on_error?:
    | "abort"
    | "continue"
    | "skip"
    | "retry"
    | Template
    | {
        /** How often the step is tried in all, the first attempt included. Default: 3. */
        readonly max_attempts?: number | Template;
        /** Wait before the second attempt, such as `500ms`. Default: 1s. */
        readonly delay?: number | string;
        /** How the wait grows: not at all, by `delay` each time, or doubling. Default: fixed. */
        readonly backoff?: "fixed" | "linear" | "exponential" | Template;
        /** The longest wait between two attempts, such as `10s`. Default: 30s. */
        readonly max_delay?: number | string;
      };
  /** How `on_error: retry` tries again. Default: three attempts, a second apart. */
  readonly retry?: {
    /** How often the step is tried in all, the first attempt included. Default: 3. */
    readonly max_attempts?: number | Template;
    /** Wait before the second attempt, such as `500ms`. Default: 1s. */
    readonly delay?: number | string;
    /** How the wait grows: not at all, by `delay` each time, or doubling. Default: fixed. */
    readonly backoff?: "fixed" | "linear" | "exponential" | Template;
    /** The longest wait between two attempts, such as `10s`. Default: 30s. */
    readonly max_delay?: number | string;
  };
  /** Run the step only if this expression is true, such as `${login.status_code} == 200`. Default: always. */
  readonly condition?: string | boolean | Template;
  /** Variables to set from the answer. Default: none. */
  readonly extract?: readonly {
    /** The variable that gets the value. Required. */
    readonly name: string;
    /** What of the answer the value is taken from. Default: json. */
    readonly from?: "json" | "regex" | "header" | "cookie" | "xpath" | "css" | "status" | "body" | Template;
    /** Where to look: a JSON path (RFC 9535), an XPath 1.0, a CSS selector (its text, or the attribute behind `@`, as in `a@href`), a header's or cookie's name, a regular expression (its first group, else the whole match). Required for these sources; no default. */
    readonly path?: Scalar;
    /** Same as `path`, for a regular expression. */
    readonly pattern?: string;
    /** The value when nothing is found. Default: none, and the step fails. */
    readonly default?: unknown;
    /** Take every match as a list, not the first. Default: false. */
    readonly all?: boolean | Template;
    /** How long the variable lives: to the end of the iteration, or as long as the VU. Default: iteration. */
    readonly scope?: "iteration" | "vu" | Template;
  }[];
  /** What the answer must meet; one that fails fails the step. Default: nothing. */
  readonly assert?: readonly {
    /** The name under which it is counted in `checks`. Default: made of type, path, operator and value. */
    readonly name?: string;
    /** What of the answer is looked at. Default: status. */
    readonly type?:
      | "status"
      | "body"
      | "json"
      | "header"
      | "cookie"
      | "duration"
      | "schema"
      | "regex"
      | "xpath"
      | Template;
    /** Where to look: a JSON path (RFC 9535), an XPath 1.0, a header's or cookie's name, a regular expression. Required for these types; no default. */
    readonly path?: Scalar;
    /** Same as `path`, for the type regex. */
    readonly pattern?: string;
    /** How what was found is compared with `value`. Default: eq, and exists without a `value`. */
    readonly operator?:
      | "eq"
      | "ne"
      | "gt"
      | "gte"
      | "lt"
      | "lte"
      | "contains"
      | "not_contains"
      | "starts_with"
      | "ends_with"
      | "matches"
      | "in"
      | "exists"
      | "empty"
      | "length"
      | "type"
      | Template;
    /** What to compare with; for the type duration a time such as `500ms` (a bare number is milliseconds), for schema a JSON Schema (draft 2020-12), or `{file}`. Default: none. */
    readonly value?: unknown;
  }[];
  /** As `assert`, but only counted: a failing one never fails the step. Default: none. */
  readonly checks?: readonly {
    /** The name under which it is counted in `checks`. Default: made of type, path, operator and value. */
    readonly name?: string;
    /** What of the answer is looked at. Default: status. */
    readonly type?:
      | "status"
      | "body"
      | "json"
      | "header"
      | "cookie"
      | "duration"
      | "schema"
      | "regex"
      | "xpath"
      | Template;
    /** Where to look: a JSON path (RFC 9535), an XPath 1.0, a header's or cookie's name, a regular expression. Required for these types; no default. */
    readonly path?: Scalar;
    /** Same as `path`, for the type regex. */
    readonly pattern?: string;
    /** How what was found is compared with `value`. Default: eq, and exists without a `value`. */
    readonly operator?:
      | "eq"
      | "ne"
      | "gt"
      | "gte"
      | "lt"
      | "lte"
      | "contains"
      | "not_contains"
      | "starts_with"
      | "ends_with"
      | "matches"
      | "in"
      | "exists"
      | "empty"
      | "length"
      | "type"
      | Template;
    /** What to compare with; for the type duration a time such as `500ms` (a bare number is milliseconds), for schema a JSON Schema (draft 2020-12), or `{file}`. Default: none. */
    readonly value?: unknown;
  }[];
  /** A step or a list of steps to run before this one. Default: none. */
  readonly pre_hook?: Step | readonly Step[];
  /** A step or a list of steps to run after this one. Default: none. */
  readonly post_hook?: Step | readonly Step[];
  /** Wait after the step: `1s`, or `{min, max}` for a random time between; in no duration metric. Default: none. */
  readonly think_time?:
    | number
    | string
    | {
        /** The shortest time; a bare number is milliseconds. Required. */
        readonly min: number | string;
        /** The longest time; a bare number is milliseconds. Required. */
        readonly max: number | string;
      };
  /** Tags on all series of the step. Default: those of the scenario. */
  readonly tags?: Readonly<Record<string, Scalar>>;
  /** Leave the step out. Default: false. */
  readonly disabled?: boolean | Template;
}

/** Sends an HTTP request; a status from 400 on, or outside `expect_status`, fails the step. */
export interface HttpConfig {
  /** The method, in any case. Default: GET. */
  readonly method?: string;
  /** Where to: `http://…`, `https://…`, or relative to the base URL; may be a template. Required. */
  readonly url: string;
  /** The body as text, or `{file}`. Values in it are not escaped: use `json` where that matters. Default: none. */
  readonly body?:
    | string
    | {
        /** A file relative to the workflow, of any bytes; never a template. Required. */
        readonly file: string;
      };
  /** The body as any value, sent as JSON. Default: none. */
  readonly json?: unknown;
  /** The body as fields of a form, sent URL-encoded. Default: none. */
  readonly form?:
    | Readonly<Record<string, Scalar | readonly Scalar[]>>
    | readonly {
        /** The name. Required. */
        readonly key: string;
        /** The value; may be a template. Required. */
        readonly value: Scalar;
      }[];
  /** Cookies sent with this request, besides the VU's. Default: none. */
  readonly cookies?: Readonly<Record<string, Scalar>>;
  /** Which of `options.http.domains` a relative URL belongs to. Default: `base_url`. */
  readonly domain?: string;
  /** The body as fields and files (`multipart/form-data`): texts, `{file, name, content_type}`, or lists of them. Files are read while they are sent. Default: none. */
  readonly multipart?: Readonly<
    Record<
      string,
      | Scalar
      | {
          /** A file relative to the workflow, of any bytes; never a template. Required. */
          readonly file: string;
          /** The file name that the target sees; may be a template. Default: that of `file`. */
          readonly name?: string;
          /** What the file is. Default: application/octet-stream. */
          readonly content_type?: string;
        }
      | readonly (
          | Scalar
          | {
              /** A file relative to the workflow, of any bytes; never a template. Required. */
              readonly file: string;
              /** The file name that the target sees; may be a template. Default: that of `file`. */
              readonly name?: string;
              /** What the file is. Default: application/octet-stream. */
              readonly content_type?: string;
            }
        )[]
    >
  >;
  /** A GraphQL request: POST of `{query, variables, operation_name}` as JSON. `errors` in the answer fail the step with the code `graphql`. Default: none. */
  readonly graphql?: {
    /** The document, as text (may be a template) or `{file}`. Required. */
    readonly query:
      | string
      | {
          /** A `.graphql` file relative to the workflow; never a template. Required. */
          readonly file: string;
        };
    /** Its variables, any values; texts may be templates. Default: none. */
    readonly variables?: Readonly<Record<string, unknown>>;
    /** Which operation of the document; may be a template. Default: its only one. */
    readonly operation_name?: string;
  };
  /** Parameters added to the URL, encoded. Default: none. */
  readonly query?:
    | Readonly<Record<string, Scalar | readonly Scalar[]>>
    | readonly {
        /** The name. Required. */
        readonly key: string;
        /** The value; may be a template. Required. */
        readonly value: Scalar;
      }[]
    | string;
  /** Same as `query`. */
  readonly params?:
    | Readonly<Record<string, Scalar | readonly Scalar[]>>
    | readonly {
        /** The name. Required. */
        readonly key: string;
        /** The value; may be a template. Required. */
        readonly value: Scalar;
      }[]
    | string;
  /** Headers: a map of names to texts or lists of texts, or a list of `{key, value}`; a step's win. Default: none. */
  readonly headers?:
    | Readonly<Record<string, Scalar | readonly Scalar[]>>
    | readonly {
        /** The name. Required. */
        readonly key: string;
        /** The value; may be a template. Required. */
        readonly value: Scalar;
      }[];
  /** Basic, bearer or digest authentication; null: none. Default: that of `options.http`. */
  readonly auth?: {
    /** Basic authentication. Default: none. */
    readonly basic?: {
      /** The user's name. Required. */
      readonly username: Scalar;
      /** The password; may be a template such as `${secret.PASSWORD}`. Required. */
      readonly password: Scalar;
    };
    /** A token, sent as `Authorization: Bearer …`; may be a template. Default: none. */
    readonly bearer?: string;
    /** Digest authentication: MD5 or SHA-256, qop `auth`. Default: none. */
    readonly digest?: {
      /** The user's name. Required. */
      readonly username: Scalar;
      /** The password; may be a template such as `${secret.PASSWORD}`. Required. */
      readonly password: Scalar;
    };
  } | null;
  /** Whether and how far redirects are followed. Default: up to 10. */
  readonly redirect?:
    | boolean
    | Template
    | {
        /** Follow redirects. Default: true. */
        readonly follow?: boolean | Template;
        /** The most redirects for one request; beyond it the step fails. Default: 10. */
        readonly max_redirects?: number | Template;
      };
  /** Certificates of an https connection. Default: verify, with the system's authorities. */
  readonly tls?: {
    /** Verify the server's certificate. Default: true, unless `--insecure` is given. */
    readonly verify?: boolean | Template;
    /** The client's certificate: PEM text, or a file relative to the workflow. Default: none. */
    readonly cert?: string;
    /** The key of `cert`: PEM text, or a file relative to the workflow. Default: none. */
    readonly key?: string;
    /** What opens `key`, where it is encrypted. Default: none. */
    readonly passphrase?: string;
    /** Authorities to trust: PEM text, or a file relative to the workflow. Default: the system's own. */
    readonly ca?: string;
    /** The oldest version of TLS to accept: 1.0, 1.1, 1.2 or 1.3. Default: 1.2. */
    readonly min_version?: "1.0" | 1 | "1.1" | 1.1 | "1.2" | 1.2 | "1.3" | 1.3 | Template;
    /** The newest version of TLS to offer. Default: 1.3. */
    readonly max_version?: "1.0" | 1 | "1.1" | 1.1 | "1.2" | 1.2 | "1.3" | 1.3 | Template;
    /** What to offer, as OpenSSL lists it: `TLS_AES_128_GCM_SHA256:…`. Default: Node's own list. */
    readonly ciphers?: string;
    /** The name to ask the server for, and to find in its certificate. Default: the host of the connection. */
    readonly server_name?: string;
  };
  /** The longest time for the whole request, such as `30s`, or `{connect, total}`. Default: connect 10s, total 60s. */
  readonly timeout?:
    | number
    | string
    | {
        /** For name look-up, every address and the TLS handshake together, such as `3s`. Default: 10s. */
        readonly connect?: number | string;
        /** For the request with all its redirects, such as `30s`. Default: 60s. */
        readonly total?: number | string;
      };
  /** The version of HTTP to speak; `auto`: over TLS what the server prefers of 2 and 1.1, else 1.1. Default: 1.1. */
  readonly http_version?: "1.1" | 1.1 | "2" | 2 | "auto" | Template;
  /** Ask for a compressed answer, or `{answers, request}`. Default: false. */
  readonly compression?:
    | boolean
    | Template
    | {
        /** Ask for a compressed answer. Default: false. */
        readonly answers?: boolean | Template;
        /** Compress the body of the request; files are sent as they are. Default: not compressed. */
        readonly request?: "gzip" | "deflate" | "br" | Template;
      };
  /** An HTTP proxy, `http://USER:PASSWORD@HOST:PORT` (or https), or `env`: HTTP_PROXY, HTTPS_PROXY, NO_PROXY; null: none. May be a template of `env`, `secret` and `variables`. Default: that of `options.http`, else none. */
  readonly proxy?: string | null;
  /** Send a `traceparent` header with ids of its own with each request; null: none. Default: that of `options.http`, else none. */
  readonly tracing?: "w3c" | Template | null;
  /** Load what a browser would load with an HTML page: styles, scripts, images, fonts; `{include, exclude, required}` says which. Default: false. */
  readonly resources?:
    | boolean
    | Template
    | {
        /** Regular expressions, tried on the whole URL, of which one must match; may be templates. Default: all URLs. */
        readonly include?: string | readonly string[];
        /** Regular expressions, tried on the whole URL, of which none may match; may be templates. Default: none. */
        readonly exclude?: string | readonly string[];
        /** A resource that fails fails the step. Default: false; it is an error and a failed request, no failed step. */
        readonly required?: boolean | Template;
      };
  /** Statuses that count as success: `200`, `2xx`, `300-399`, or a list of them. Default: every one below 400. */
  readonly expect_status?: number | Template | string | readonly (number | Template | string)[];
}

/** Runs JavaScript in a sandbox. */
export interface ScriptConfig {
  /** JavaScript, the body of an async function: `await` and `return` are allowed, what it returns is the step's `output`. Never a template. As text, or `{file}`. Required. */
  readonly script:
    | string
    | {
        /** A UTF-8 file relative to the workflow; never a template. Required. */
        readonly file: string;
      };
  /** The longest time the script may take with everything it waits for, such as `5s`. Default: 30s. */
  readonly timeout?: number | string;
}

/** Publishes a message to a broker, or consumes messages from it. */
export interface MqConfig {
  /** The broker. Default: what the `connection` says. Required without one. */
  readonly type?: "rabbitmq" | "kafka" | "nats" | "jetstream" | "mqtt" | "redis" | Template;
  /** Where it is: `amqp://user:password@host:port/vhost`, `nats://…`, `mqtt://…`, `redis://…`, `kafka://…`, or `host:port`. May be a template. Default: that of `connection`, else of the slave's connection named as the type, else 127.0.0.1. */
  readonly url?: string;
  /** The same as `url`. Default: `url`. */
  readonly broker?: string;
  /** The same for several, as a list; the first that answers is taken. Default: `url`. */
  readonly brokers?: string | readonly string[];
  /** The name of a connection of the workflow or the slave. Default: none. */
  readonly connection?: string;
  /** The topic, subject or stream. May be a template. Required, unless there is `queue`. */
  readonly topic?: string;
  /** The same as `topic`. Default: `topic`. */
  readonly queue?: string;
  /** What the step does. Default: publish where there is `message` or `json`, else consume. */
  readonly action?: "publish" | "consume" | Template;
  /** The body to publish, in `encoding`. May be a template. Required for publish, unless there is `json`. */
  readonly message?: string;
  /** A value to publish as JSON; texts inside may be templates. Required for publish, unless there is `message`. */
  readonly json?: unknown;
  /** How `message` is written, and bodies are shown. Default: text. */
  readonly encoding?: "text" | "base64" | Template;
  /** The message's key; with `exchange` the routing key (publish) or binding key (consume). May be a template. Default: none. */
  readonly key?: Scalar;
  /** Headers to publish with. Values may be templates. Default: none. */
  readonly headers?: Readonly<Record<string, Scalar>>;
  /** How many messages to consume, at most 10000; 0 only subscribes, so that what comes from then on is kept. May be a template. Default: 1. */
  readonly count?: Scalar;
  /** The group whose members share the messages: Kafka's and Redis' group, NATS' queue group, JetStream's durable consumer, MQTT's shared subscription. May be a template. Default: workflow-engine where the broker needs one. */
  readonly group_id?: string;
  /** What the client calls itself. One with `${vu.id}` gives each VU a connection of its own. May be a template. Default: the broker's choice. */
  readonly client_id?: string;
  /** What a publisher waits for: `none` (0), `one` (1), `all` (-1). Only Kafka tells one from all. Default: all. */
  readonly acks?: Scalar;
  /** Publishing: put the time into the header `x-sent-at`; consuming: measure `mq_e2e_latency` from it. Default: false. */
  readonly track?: boolean | Template;
  /** Make the queue, topic or stream where there is none. Default: true. */
  readonly declare?: boolean | Template;
  /** RabbitMQ: the exchange to publish to, or to bind the queue to. May be a template. Default: the queue itself. */
  readonly exchange?: string;
  /** JetStream: the stream that keeps the subject. May be a template. Default: found or named by the subject. */
  readonly stream?: string;
  /** MQTT: at most once (0), at least once (1), exactly once (2). Default: 1. */
  readonly qos?: 0 | 1 | 2 | Template;
  /** MQTT: the broker keeps the message for those who subscribe later. Default: false. */
  readonly retain?: boolean | Template;
  /** MQTT: 3.1.1 (or 3, 4) or 5. Default: 5. */
  readonly protocol_version?: 3 | 4 | 5 | Template | "3.1.1" | "5.0";
  /** The longest time to connect, such as `3s`. Default: 10s. */
  readonly connect_timeout?: number | string;
  /** The longest time for the step, such as `5s`. Default: 30s. */
  readonly timeout?: number | string;
  /** Certificates, where the URL is a secure one. Default: verify, with the system's authorities. */
  readonly tls?: {
    /** Verify the server's certificate. Default: true, unless `--insecure` is given. */
    readonly verify?: boolean | Template;
    /** The client's certificate: PEM text, or a file relative to the workflow. Default: none. */
    readonly cert?: string;
    /** The key of `cert`: PEM text, or a file relative to the workflow. Default: none. */
    readonly key?: string;
    /** What opens `key`, where it is encrypted. Default: none. */
    readonly passphrase?: string;
    /** Authorities to trust: PEM text, or a file relative to the workflow. Default: the system's own. */
    readonly ca?: string;
    /** The oldest version of TLS to accept: 1.0, 1.1, 1.2 or 1.3. Default: 1.2. */
    readonly min_version?: "1.0" | 1 | "1.1" | 1.1 | "1.2" | 1.2 | "1.3" | 1.3 | Template;
    /** The newest version of TLS to offer. Default: 1.3. */
    readonly max_version?: "1.0" | 1 | "1.1" | 1.1 | "1.2" | 1.2 | "1.3" | 1.3 | Template;
    /** What to offer, as OpenSSL lists it: `TLS_AES_128_GCM_SHA256:…`. Default: Node's own list. */
    readonly ciphers?: string;
    /** The name to ask the server for, and to find in its certificate. Default: the host of the connection. */
    readonly server_name?: string;
  };
}

/** Runs a statement on MySQL, MariaDB, PostgreSQL or SQLite, or a command on Redis. */
export interface DbConfig {
  /** The kind of database. Default: what the connection or the dsn says. */
  readonly driver?: "mysql" | "mariadb" | "postgres" | "sqlite" | "redis" | Template;
  /** A connection by its name: of the workflow, or of the slave's own configuration. Default: none. */
  readonly connection?: string;
  /** Where the database is: `mysql://user:password@host:3306/name`, `postgres://…`, `redis://…`, `rediss://…`, `sqlite:shop.db`; `?tls=true` goes over TLS. May be a template, such as `${secret.dsn}`. Default: the slave's connection that is called like the driver, else this machine. */
  readonly dsn?: string;
  /** What the step does. `count` gives the number that the query selects, `exists` whether it has a row. `begin` opens a transaction of the VU; one that is open at the iteration's end is rolled back. Default: query. */
  readonly action?: "query" | "execute" | "count" | "exists" | "begin" | "commit" | "rollback" | Template;
  /** The SQL statement. May be a template, but values belong in `params`. Required for `query`, `execute`, `count` and `exists`. */
  readonly query?: string;
  /** The same as `query`. Default: `query`. */
  readonly sql?: string;
  /** What redis is to do: the command and its arguments, such as `["SET", "user:1", "${name}"]`; `{base64: …}` is bytes. Required for redis. */
  readonly command?: readonly unknown[];
  /** A list of values for the statement's `?` (`$1` with postgres), bound by the database, never put into its text; `{base64: …}` is bytes. May be a template that gives a list. Default: none. */
  readonly params?: unknown;
  /** Prepare a statement without templates once per connection. Default: true. */
  readonly prepare?: boolean | Template;
  /** How texts from redis are read. Default: text. */
  readonly encoding?: "text" | "hex" | "base64" | Template;
  /** The longest time for the step, waiting for a connection included. Default: 30s. */
  readonly timeout?: number | string;
  /** The most rows of a result; more fail the step. Default: 100000. */
  readonly max_rows?: number | Template;
  /** The most bytes of a result; more fail the step. Default: 16MB. */
  readonly max_bytes?: number | string;
  /** The connections to a `dsn`, which the VUs share. A named connection has its own `pool`. Default: 20; sqlite 1. */
  readonly pool?: {
    /** The most connections of one slave. Default: 20; sqlite 1. */
    readonly max?: number | Template;
  };
  /** Certificates, and TLS for a `dsn`. Default: verify, with the system's authorities. */
  readonly tls?: {
    /** Verify the server's certificate. Default: true, unless `--insecure` is given. */
    readonly verify?: boolean | Template;
    /** The client's certificate: PEM text, or a file relative to the workflow. Default: none. */
    readonly cert?: string;
    /** The key of `cert`: PEM text, or a file relative to the workflow. Default: none. */
    readonly key?: string;
    /** What opens `key`, where it is encrypted. Default: none. */
    readonly passphrase?: string;
    /** Authorities to trust: PEM text, or a file relative to the workflow. Default: the system's own. */
    readonly ca?: string;
    /** The oldest version of TLS to accept: 1.0, 1.1, 1.2 or 1.3. Default: 1.2. */
    readonly min_version?: "1.0" | 1 | "1.1" | 1.1 | "1.2" | 1.2 | "1.3" | 1.3 | Template;
    /** The newest version of TLS to offer. Default: 1.3. */
    readonly max_version?: "1.0" | 1 | "1.1" | 1.1 | "1.2" | 1.2 | "1.3" | 1.3 | Template;
    /** What to offer, as OpenSSL lists it: `TLS_AES_128_GCM_SHA256:…`. Default: Node's own list. */
    readonly ciphers?: string;
    /** The name to ask the server for, and to find in its certificate. Default: the host of the connection. */
    readonly server_name?: string;
  };
}

/** Connects, sends and receives bytes. A VU's socket lives until `close` or the VU's end. */
export interface SocketConfig {
  /** What is spoken. Default: tcp. */
  readonly protocol?: "tcp" | "udp" | "tls" | "unix" | Template;
  /** What the step does. `send` connects first where nothing is connected; with `delimiter` or `length` it then waits for the answer. Default: send where there is `data`, else receive where there is `delimiter` or `length`, else connect. */
  readonly action?: "connect" | "send" | "receive" | "close" | Template;
  /** What the VU calls this socket. Default: protocol, host and port together. */
  readonly name?: string;
  /** The host to connect to; for `unix` the path of the socket. May be a template. Required, unless a socket of the step's `name` is connected. */
  readonly host?: string;
  /** The port to connect to. May be a template. Required with `host`. */
  readonly port?: Scalar;
  /** For `unix`: the same as `host`. Default: `host`. */
  readonly path?: string;
  /** What to send, in `encoding`. May be a template. Required for `send`. */
  readonly data?: string;
  /** How `data`, `delimiter` and the output are written. Default: text. */
  readonly encoding?: "text" | "hex" | "base64" | Template;
  /** An answer ends with this, which is not part of the output. TCP, TLS and unix. Default: none. */
  readonly delimiter?: string;
  /** An answer has so many bytes. TCP, TLS and unix. May be a template. Default: whatever has come. */
  readonly length?: Scalar;
  /** The longest time for look-up, connect and TLS, such as `3s`. Default: 10s. */
  readonly connect_timeout?: number | string;
  /** The longest time for the step, such as `5s`. Default: 30s. */
  readonly timeout?: number | string;
  /** The most bytes of an answer, and of what nobody has received yet. Default: 1MB. */
  readonly max_bytes?: number | string;
  /** Certificates of a `tls` socket. Default: verify, with the system's authorities. */
  readonly tls?: {
    /** Verify the server's certificate. Default: true, unless `--insecure` is given. */
    readonly verify?: boolean | Template;
    /** The client's certificate: PEM text, or a file relative to the workflow. Default: none. */
    readonly cert?: string;
    /** The key of `cert`: PEM text, or a file relative to the workflow. Default: none. */
    readonly key?: string;
    /** What opens `key`, where it is encrypted. Default: none. */
    readonly passphrase?: string;
    /** Authorities to trust: PEM text, or a file relative to the workflow. Default: the system's own. */
    readonly ca?: string;
    /** The oldest version of TLS to accept: 1.0, 1.1, 1.2 or 1.3. Default: 1.2. */
    readonly min_version?: "1.0" | 1 | "1.1" | 1.1 | "1.2" | 1.2 | "1.3" | 1.3 | Template;
    /** The newest version of TLS to offer. Default: 1.3. */
    readonly max_version?: "1.0" | 1 | "1.1" | 1.1 | "1.2" | 1.2 | "1.3" | 1.3 | Template;
    /** What to offer, as OpenSSL lists it: `TLS_AES_128_GCM_SHA256:…`. Default: Node's own list. */
    readonly ciphers?: string;
    /** The name to ask the server for, and to find in its certificate. Default: the host of the connection. */
    readonly server_name?: string;
  };
}

/** Calls a method of a gRPC service: one message or a stream, in each direction. */
export interface GrpcConfig {
  /** Where to: `host:port`, `grpc://host:port`, or `grpcs://host:port` over TLS. May be a template. Required. */
  readonly address?: string;
  /** The same as `address`. Default: `address`. */
  readonly url?: string;
  /** The service, such as `shop.v1.Orders`. Default: what stands before the `/` in `method`. */
  readonly service?: string;
  /** The method, such as `Place`, or with its service `shop.v1.Orders/Place`. Required. */
  readonly method: string;
  /** The proto file or files, relative to the workflow; they travel with a submit, with what they import. Default: none, with `reflection`. */
  readonly proto?: string | readonly string[];
  /** Folders, relative to the workflow, in which imports are looked for. Default: the workflow's, and those of `proto`. */
  readonly import_paths?: readonly string[];
  /** Ask the server for its types (server reflection v1 or v1alpha). Default: false. */
  readonly reflection?: boolean | Template;
  /** The message to send, as a map of its fields. May hold templates. Default: an empty one. */
  readonly message?: unknown;
  /** The messages to send to a method that takes a stream. Default: `message`. */
  readonly messages?: readonly unknown[];
  /** Metadata to send; the values of names that end in `-bin` are base64. Default: none. */
  readonly metadata?: Readonly<Record<string, Scalar>>;
  /** The longest time for the call, which the server is told too. Default: 30s. */
  readonly timeout?: number | string;
  /** The longest time for look-up, connect and TLS. Default: 10s. */
  readonly connect_timeout?: number | string;
  /** Speak TLS: true, or its settings. Default: only where the address begins with grpcs://. */
  readonly tls?:
    | boolean
    | Template
    | {
        /** Verify the server's certificate. Default: true, unless `--insecure` is given. */
        readonly verify?: boolean | Template;
        /** The client's certificate: PEM text, or a file relative to the workflow. Default: none. */
        readonly cert?: string;
        /** The key of `cert`: PEM text, or a file relative to the workflow. Default: none. */
        readonly key?: string;
        /** What opens `key`, where it is encrypted. Default: none. */
        readonly passphrase?: string;
        /** Authorities to trust: PEM text, or a file relative to the workflow. Default: the system's own. */
        readonly ca?: string;
        /** The oldest version of TLS to accept: 1.0, 1.1, 1.2 or 1.3. Default: 1.2. */
        readonly min_version?: "1.0" | 1 | "1.1" | 1.1 | "1.2" | 1.2 | "1.3" | 1.3 | Template;
        /** The newest version of TLS to offer. Default: 1.3. */
        readonly max_version?: "1.0" | 1 | "1.1" | 1.1 | "1.2" | 1.2 | "1.3" | 1.3 | Template;
        /** What to offer, as OpenSSL lists it: `TLS_AES_128_GCM_SHA256:…`. Default: Node's own list. */
        readonly ciphers?: string;
        /** The name that the server's certificate is checked against. Default: the host. */
        readonly server_name?: string;
      };
  /** How messages are sent. Default: identity. */
  readonly compression?: "identity" | "deflate" | "gzip" | Template;
  /** Whose a connection is: with `vu` each VU has its own, with `shared` the VUs of a thread have one. Default: vu. */
  readonly connections?: "vu" | "shared" | Template;
  /** The authority that the server sees. Default: host and port. */
  readonly authority?: string;
  /** Stands first in the user agent. Default: none. */
  readonly user_agent?: string;
  /** The status or statuses with which the step passes, by name or number. Default: OK. */
  readonly expect_status?: Scalar | readonly Scalar[];
  /** End the stream after so many answers. Default: when the server ends it. */
  readonly max_messages?: number | Template;
  /** The most bytes of one answer, and of all that are kept of a stream. Default: 4MB. */
  readonly max_bytes?: number | string;
}

/** Opens a WebSocket, sends and receives messages. A VU's connection lives until `close` or the VU's end. */
export interface WebsocketConfig {
  /** What the step does. All but `close` connect first where nothing is connected; `send` with `match` or `count` then waits for its answer, `ping` for the pong. Default: send where there is `data` or `json`, else receive where there is `match` or `count`, else connect. */
  readonly action?: "connect" | "send" | "receive" | "ping" | "close" | Template;
  /** Where to: `ws://…`, `wss://…`, `http://…`, `https://…`, or relative to the base URL; may be a template. Required, unless a connection of the step's `name` is there. */
  readonly url?: string;
  /** Which of `options.http.domains` a relative URL belongs to. Default: `base_url`. */
  readonly domain?: string;
  /** What the VU calls this connection. Default: its URL. */
  readonly name?: string;
  /** Headers of the upgrade, over those of `options.http`. Values may be templates. Default: those of `options.http`. */
  readonly headers?: Readonly<Record<string, Scalar>>;
  /** Subprotocols to offer; the server must take one. Default: none. */
  readonly subprotocols?: readonly string[];
  /** Offer permessage-deflate. Default: false. */
  readonly compression?: boolean | Template;
  /** What to send, in `encoding`. May be a template. Required for `send`, unless there is `json`. */
  readonly data?: string;
  /** A value to send as JSON; texts inside may be templates. Required for `send`, unless there is `data`. */
  readonly json?: unknown;
  /** How `data` is written and binary messages are shown; hex and base64 are sent as binary messages. Default: text. */
  readonly encoding?: "text" | "hex" | "base64" | Template;
  /** Which message to wait for: a text it holds, or `{contains, regex, json}`, of which all that are given must hold. Those before it are passed over. Default: any. */
  readonly match?:
    | string
    | {
        /** The message holds this text. May be a template. Default: not asked. */
        readonly contains?: string;
        /** The message matches this regular expression. May be a template. Default: not asked. */
        readonly regex?: string;
        /** The message is JSON and has these members with these values, whatever else it has; lists are equal member by member. Texts inside may be templates. Default: not asked. */
        readonly json?: unknown;
      };
  /** How many messages to take. Default: 1; for `send` without `match` none. */
  readonly count?: number | Template;
  /** The code of `close`: 1000, or 3000 to 4999. Default: 1000. */
  readonly code?: number | Template;
  /** The reason of `close`. May be a template. Default: none. */
  readonly reason?: string;
  /** The longest time for look-up, connect, TLS and upgrade, such as `3s`. Default: that of `options.http`, else 10s. */
  readonly connect_timeout?: number | string;
  /** The longest time for the step, such as `5s`. Default: 30s. */
  readonly timeout?: number | string;
  /** The most bytes of a message, of what nobody has received yet, and of what a step receives. Default: 1MB. */
  readonly max_bytes?: number | string;
  /** The most messages that nobody has received yet; of more the oldest are dropped and counted. Default: 1000. */
  readonly max_messages?: number | Template;
  /** An HTTP proxy, `http://USER:PASSWORD@HOST:PORT` (or https), or `env`: HTTP_PROXY, HTTPS_PROXY, NO_PROXY; null: none. May be a template of `env`, `secret` and `variables`. Default: that of `options.http`, else none. */
  readonly proxy?: string | null;
  /** Certificates of a wss connection. Default: those of `options.http`. */
  readonly tls?: {
    /** Verify the server's certificate. Default: true, unless `--insecure` is given. */
    readonly verify?: boolean | Template;
    /** The client's certificate: PEM text, or a file relative to the workflow. Default: none. */
    readonly cert?: string;
    /** The key of `cert`: PEM text, or a file relative to the workflow. Default: none. */
    readonly key?: string;
    /** What opens `key`, where it is encrypted. Default: none. */
    readonly passphrase?: string;
    /** Authorities to trust: PEM text, or a file relative to the workflow. Default: the system's own. */
    readonly ca?: string;
    /** The oldest version of TLS to accept: 1.0, 1.1, 1.2 or 1.3. Default: 1.2. */
    readonly min_version?: "1.0" | 1 | "1.1" | 1.1 | "1.2" | 1.2 | "1.3" | 1.3 | Template;
    /** The newest version of TLS to offer. Default: 1.3. */
    readonly max_version?: "1.0" | 1 | "1.1" | 1.1 | "1.2" | 1.2 | "1.3" | 1.3 | Template;
    /** What to offer, as OpenSSL lists it: `TLS_AES_128_GCM_SHA256:…`. Default: Node's own list. */
    readonly ciphers?: string;
    /** The name to ask the server for, and to find in its certificate. Default: the host of the connection. */
    readonly server_name?: string;
  };
}

/** Opens an event stream and waits for its events. A VU's stream lives until its server ends it, `close` or the VU's end. */
export interface SseConfig {
  /** What the step does. `receive` connects first where no stream is open. Default: receive. */
  readonly action?: "receive" | "connect" | "close" | Template;
  /** Where to: `http://…`, `https://…`, or relative to the base URL; may be a template. Required, unless a stream of the step's `name` is open. */
  readonly url?: string;
  /** Which of `options.http.domains` a relative URL belongs to. Default: `base_url`. */
  readonly domain?: string;
  /** What the VU calls this stream. Default: its URL. */
  readonly name?: string;
  /** The method, in any case. Default: GET; POST where there is `body` or `json`. */
  readonly method?: string;
  /** Headers, over those of `options.http`. Values may be templates. Default: those of `options.http`. */
  readonly headers?: Readonly<Record<string, Scalar>>;
  /** The body of the request. May be a template. Default: none. */
  readonly body?: string;
  /** The body as any value, sent as JSON; texts inside may be templates. Default: none. */
  readonly json?: unknown;
  /** Take events of this name alone. May be a template. Default: any; `message` is one without a name. */
  readonly event?: string;
  /** Which events to take, by their data: a text it holds, or `{contains, regex, json}`, of which all that are given must hold. The others are passed over. Default: any. */
  readonly match?:
    | string
    | {
        /** The message holds this text. May be a template. Default: not asked. */
        readonly contains?: string;
        /** The message matches this regular expression. May be a template. Default: not asked. */
        readonly regex?: string;
        /** The message is JSON and has these members with these values, whatever else it has; lists are equal member by member. Texts inside may be templates. Default: not asked. */
        readonly json?: unknown;
      };
  /** How many events to take; `all`: until the server ends the stream. Default: 1. */
  readonly count?: number | Template | string;
  /** Sent as Last-Event-ID. May be a template. Default: the id of the last event of the VU's stream before, if it had one. */
  readonly last_event_id?: Scalar;
  /** The longest time for look-up, connect and TLS, such as `3s`. Default: that of `options.http`, else 10s. */
  readonly connect_timeout?: number | string;
  /** The longest time for the step, such as `5s`. Default: 30s. */
  readonly timeout?: number | string;
  /** The most bytes of an event, of what nobody has received yet, and of what a step receives. Default: 1MB. */
  readonly max_bytes?: number | string;
  /** The most events that nobody has received yet; of more the oldest are dropped and counted. Default: 1000. */
  readonly max_events?: number | Template;
  /** An HTTP proxy, `http://USER:PASSWORD@HOST:PORT` (or https), or `env`: HTTP_PROXY, HTTPS_PROXY, NO_PROXY; null: none. May be a template of `env`, `secret` and `variables`. Default: that of `options.http`, else none. */
  readonly proxy?: string | null;
  /** Certificates of an https connection. Default: those of `options.http`. */
  readonly tls?: {
    /** Verify the server's certificate. Default: true, unless `--insecure` is given. */
    readonly verify?: boolean | Template;
    /** The client's certificate: PEM text, or a file relative to the workflow. Default: none. */
    readonly cert?: string;
    /** The key of `cert`: PEM text, or a file relative to the workflow. Default: none. */
    readonly key?: string;
    /** What opens `key`, where it is encrypted. Default: none. */
    readonly passphrase?: string;
    /** Authorities to trust: PEM text, or a file relative to the workflow. Default: the system's own. */
    readonly ca?: string;
    /** The oldest version of TLS to accept: 1.0, 1.1, 1.2 or 1.3. Default: 1.2. */
    readonly min_version?: "1.0" | 1 | "1.1" | 1.1 | "1.2" | 1.2 | "1.3" | 1.3 | Template;
    /** The newest version of TLS to offer. Default: 1.3. */
    readonly max_version?: "1.0" | 1 | "1.1" | 1.1 | "1.2" | 1.2 | "1.3" | 1.3 | Template;
    /** What to offer, as OpenSSL lists it: `TLS_AES_128_GCM_SHA256:…`. Default: Node's own list. */
    readonly ciphers?: string;
    /** The name to ask the server for, and to find in its certificate. Default: the host of the connection. */
    readonly server_name?: string;
  };
}

/** Waits. */
export interface SleepConfig {
  /** How long to wait: `1s`, or `{min, max}` for a random time between; a bare number is milliseconds. Required. */
  readonly duration:
    | number
    | string
    | {
        /** The shortest time; a bare number is milliseconds. Required. */
        readonly min: number | string;
        /** The longest time; a bare number is milliseconds. Required. */
        readonly max: number | string;
      };
}

/** Runs its steps in order, under a name; their time together is `group_duration`. */
export interface GroupConfig {
  /** The steps of the group, run in order. Required. */
  readonly steps: readonly Step[];
}

/** Runs the steps of the first branch whose expression is true. */
export interface ConditionConfig {
  /** Decides: `then` runs if it is true. Required, unless there are `branches`. */
  readonly expression?: string;
  /** Steps to run if `expression` is true. Default: none. */
  readonly then?: readonly Step[];
  /** Further expressions, looked at in order while none before was true, each with its `steps`. Default: none. */
  readonly else_if?: readonly {
    /** What must be true, such as `${login.status_code} == 200`. Required. */
    readonly expression: string;
    /** Steps to run if it is true. Required. */
    readonly steps: readonly Step[];
  }[];
  /** Steps to run if nothing was true. Default: none. */
  readonly else?: readonly Step[];
  /** The same as `expression`, `then`, `else_if` and `else`, as one list. Default: none. */
  readonly branches?: readonly {
    /** The first is `if`, the last may be `else`. Required. */
    readonly kind: "if" | "else_if" | "else" | Template;
    /** What must be true. Required, but for `else`, which has none. */
    readonly expression?: string;
    /** Steps to run. Required. */
    readonly steps: readonly Step[];
  }[];
}

/** Runs its steps over and over: for, foreach or while. */
export interface LoopConfig {
  /** How it goes on: `for` counts, `foreach` goes through items, `while` goes on as long as a condition holds. Default: foreach with `items`, while with `condition`, else for. */
  readonly mode?: "for" | "foreach" | "while" | Template;
  /** For `for`: how many passes; a number or a template. Required there. */
  readonly count?: number | Template | string;
  /** For `foreach`: a list, or a template that yields one, such as `${search.output.items}`. Required there. */
  readonly items?: readonly unknown[] | string;
  /** For `foreach`: the variable that holds the item. Default: item. */
  readonly item_var?: string;
  /** For `while`: looked at before each pass. Required there. */
  readonly condition?: string;
  /** The loop fails when it would begin one more pass than these. Default: 1000. */
  readonly max_iterations?: number | Template;
  /** Looked at before each pass: if true, the loop ends. Default: never. */
  readonly break_condition?: string;
  /** Looked at before each pass, behind `break_condition`: if true, the pass is left out. Default: never. */
  readonly continue_condition?: string;
  /** A name for `break` and `continue` in loops inside. Default: none. */
  readonly label?: string;
  /** The steps of each pass. Required. */
  readonly steps: readonly Step[];
}

/** Ends the loop around it, or the one with the label. */
export interface BreakConfig {
  /** The label of the loop that is meant. Default: the innermost loop around. */
  readonly label?: string;
}

/** Goes on with the next pass of the loop around it, or of the one with the label. */
export interface ContinueConfig {
  /** The label of the loop that is meant. Default: the innermost loop around. */
  readonly label?: string;
}

/** Runs its steps side by side. */
export interface ParallelConfig {
  /** The branches, each one step (a `group` for several). A branch sees the variables as they were before; what the branches set is put together at the end, in the order of the list. Required. */
  readonly steps: readonly Step[];
  /** How many branches run at the same time. Default: 20. */
  readonly concurrency?: number | Template;
  /** When a branch aborts, begin no more steps in the others; requests under way are finished. Default: false. */
  readonly fail_fast?: boolean | Template;
}

/** Runs one of several cases: drawn by weight, or the first that is true. */
export interface SwitchConfig {
  /** The cases, all with `weight` or all with `expression`; exactly one of them runs. Required. */
  readonly cases: readonly {
    /** How often this case is drawn, relative to the weights of the others. Default: none; then `expression`. */
    readonly weight?: number | Template;
    /** The case runs if this is true and none before was. Default: none; then `weight`. */
    readonly expression?: string;
    /** Steps to run. Required. */
    readonly steps: readonly Step[];
  }[];
  /** Steps to run if no `expression` is true. Default: none. */
  readonly default?: readonly Step[];
}

/** Runs its steps again until all of them pass. */
export interface RetryConfig {
  /** The steps to run until all of them pass. Required. */
  readonly steps: readonly Step[];
  /** How often the steps are run in all, the first time included. Default: 3. */
  readonly max_attempts?: number | Template;
  /** Wait before the second attempt, such as `500ms`. Default: 1s. */
  readonly delay?: number | string;
  /** How the wait grows: not at all, by `delay` each time, or doubling. Default: fixed. */
  readonly backoff?: "fixed" | "linear" | "exponential" | Template;
  /** The longest wait between two attempts, such as `10s`. Default: 30s. */
  readonly max_delay?: number | string;
}

/** Waits until a condition holds; runs steps before each look at it. */
export interface WaitUntilConfig {
  /** What is waited for, such as `${job.output.state} == done`. Required. */
  readonly condition: string;
  /** After so much time without it the step fails, such as `1m`. Default: 30s. */
  readonly timeout?: number | string;
  /** The wait between two looks, such as `500ms`. Default: 1s. */
  readonly interval?: number | string;
  /** Steps to run before each look, such as a request. Default: none. */
  readonly steps?: readonly Step[];
}

/** Runs the steps of a fragment, or of another workflow file, with variables of their own. */
export interface CallConfig {
  /** The name of the fragment to run. Required, unless there is a `workflow`. */
  readonly fragment?: string;
  /** The workflow file whose steps to run, named relative to this one. Required, unless there is a `fragment`. */
  readonly workflow?: string;
  /** Values for the parameters by name. Default: those of the fragment or workflow. */
  readonly params?: Readonly<Record<string, unknown>>;
  /** What comes back: names, or `{my_variable: expression inside}`. Default: the results that the fragment names. */
  readonly results?: readonly string[] | Readonly<Record<string, string>>;
}

/** VUs of the scenario wait here, on all slaves and threads, until enough have come; then they go on together. */
export interface RendezvousConfig {
  /** So many VUs go on together, once they have come. Required, unless `all` is true. */
  readonly count?: number | Template;
  /** All VUs of the scenario that run go on together. Default: false. */
  readonly all?: boolean | Template;
  /** After so much time without the others the step fails, such as `1m`, in test time. Default: 30s. */
  readonly timeout?: number | string;
}

/** The config of each step type. */
export interface StepConfigs {
  readonly http: HttpConfig;
  readonly script: ScriptConfig;
  readonly mq: MqConfig;
  readonly db: DbConfig;
  readonly socket: SocketConfig;
  readonly grpc: GrpcConfig;
  readonly websocket: WebsocketConfig;
  readonly sse: SseConfig;
  readonly sleep: SleepConfig;
  readonly group: GroupConfig;
  readonly condition: ConditionConfig;
  readonly loop: LoopConfig;
  readonly break: BreakConfig;
  readonly continue: ContinueConfig;
  readonly parallel: ParallelConfig;
  readonly switch: SwitchConfig;
  readonly retry: RetryConfig;
  readonly wait_until: WaitUntilConfig;
  readonly call: CallConfig;
  readonly rendezvous: RendezvousConfig;
}

/** A written step of one type. */
export interface StepOf<Type extends keyof StepConfigs> extends StepFields {
  readonly type: Type;
  readonly config: StepConfigs[Type];
}

/** A written step: any type with the config that fits it. */
export type Step = { [Type in keyof StepConfigs]: StepOf<Type> }[keyof StepConfigs];

/** The one field of a config that a value in its place stands for. */
export const shortFields = {
  http: "url",
  script: "script",
  sleep: "duration",
  group: "steps",
  break: "label",
  continue: "label",
  parallel: "steps",
  switch: "cases",
  retry: "steps",
  call: "fragment",
} as const;
