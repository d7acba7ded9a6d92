/** What holds for every call, as Markdown. */
export function describeApi(): string {
  return `Times are RFC 3339 in UTC, measured times milliseconds, rates and shares 0..1; what is unknown is \`null\`.
Bodies are not coerced: a number as a text is refused. Unknown fields and parameters are refused.

Every error has the body of \`Error\`: a stable code, and a message that says what to do. A path that does not take a
method answers 405 \`method_not_allowed\` with \`Allow\`. 429 and 503 come with \`Retry-After\`.

A post with an \`Idempotency-Key\` is done once in 24 hours: the same request under the same key gets the same answer, with
\`Idempotent-Replayed: true\`, also after a restart of a master whose store outlives it; another request under that key is
refused with 409 \`conflict\`. What was refused was not done, and may be sent again under its key.

\`x-role\` names who may call: \`viewer\` reads, \`operator\` also submits and steers, \`admin\` also drains, purges and
manages, \`slave\` only joins, \`anyone\` needs no key. Where a master has no authentication, no key is needed.`;
}
