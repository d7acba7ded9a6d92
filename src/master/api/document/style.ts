/** How the page of the API's description looks. */
export const style = `:root { color-scheme: light dark; --line: #8884; --soft: #8882; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1rem; }
h1 { margin-bottom: 0; }
h2 { border-bottom: 1px solid var(--line); margin-top: 2.5rem; }
code, pre { font-family: ui-monospace, monospace; font-size: 0.9em; }
code { background: var(--soft); border-radius: 3px; padding: 0 0.25em; }
summary { cursor: pointer; padding: 0.35rem 0; }
summary code { background: none; }
details { border-bottom: 1px solid var(--soft); }
details > div { padding: 0 0 1rem 1.2rem; }
.method { display: inline-block; font-weight: 600; width: 4.5rem; }
.role { border: 1px solid var(--line); border-radius: 1em; font-size: 0.75em; margin-left: 0.5em; padding: 0 0.6em; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { border-bottom: 1px solid var(--soft); padding: 0.2rem 1rem 0.2rem 0; text-align: left; vertical-align: top; }
nav a { margin-right: 1em; }
`;
