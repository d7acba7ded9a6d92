/** Those of the process's environment that a submitted workflow may read as `env.NAME`; a name that is not set is left out. */
export function exposeVariables(
  names: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  const exposed: [string, string][] = [];
  for (const name of names) {
    const value = environment[name];
    if (value !== undefined) exposed.push([name, value]);
  }
  return Object.fromEntries(exposed);
}
