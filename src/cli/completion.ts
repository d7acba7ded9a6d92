import type { Command, Option } from "commander";
import type { CompletionShell } from "./completion-shells.ts";

const name = "workflow-engine";

/** What a shell can offer for one command. */
interface Offer {
  readonly command: string;
  readonly description: string;
  readonly options: readonly Option[];
  /** Values of the first argument, or the commands of a group; empty: there are none to name. */
  readonly values: readonly string[];
  /** Which word of the line may be a file at the earliest, the program's name being 0; null: none. */
  readonly fileFrom: number | null;
}

/** The completion script of a shell, made from the program's own commands and options. */
export function writeCompletion(shell: CompletionShell, program: Command): string {
  const offers = program.commands.map(describeCommand);
  switch (shell) {
    case "bash":
      return writeBash(offers);
    case "zsh":
      return `#compdef ${name}\nautoload -U +X bashcompinit && bashcompinit\n${writeBash(offers)}`;
    case "fish":
      return writeFish(offers);
  }
}

function describeCommand(command: Command): Offer {
  const below = command.commands.map((inner) => inner.name());
  const values = command.registeredArguments[0]?.argChoices ?? below;
  const free = command.registeredArguments.findIndex(({ argChoices }) => argChoices === undefined);
  return {
    command: command.name(),
    description: command.description(),
    options: [...command.options, ...listOptionsBelow(command)],
    values,
    fileFrom: free < 0 || below.length > 0 ? null : 2 + free,
  };
}

/** The options of a group's commands, each once. */
function listOptionsBelow({ commands }: Command): Option[] {
  const byName = new Map(
    commands.flatMap(({ options }) => options.map((option) => [option.long ?? "", option] as const)),
  );
  return [...byName.values()];
}

function flagsOf(option: Option): string[] {
  return [option.short, option.long].filter((flag): flag is string => flag !== undefined && flag !== null);
}

function writeBash(offers: readonly Offer[]): string {
  const cases = offers.map(({ command, options, values }) => {
    const words = [...options.flatMap(flagsOf), "--help", ...values].join(" ");
    return `    ${command}) words="${words}" ;;`;
  });
  const choices = new Map(
    offers.flatMap(({ options }) =>
      options.flatMap((option) =>
        option.argChoices === undefined ? [] : [[flagsOf(option).join("|"), option.argChoices.join(" ")] as const],
      ),
    ),
  );
  return `_${name.replace("-", "_")}() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} words=
  case $previous in
${[...choices].map(([flags, values]) => `    ${flags}) COMPREPLY=($(compgen -W "${values}" -- "$current")); return ;;`).join("\n")}
  esac
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${offers.map(({ command }) => command).join(" ")} --help --version" -- "$current"))
    return
  fi
  case \${COMP_WORDS[1]} in
${cases.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  case \${COMP_WORDS[1]}:$current in
    *:-*) ;;
${offers
  .filter(({ fileFrom }) => fileFrom !== null)
  .map(
    ({ command, fileFrom }) =>
      `    ${command}:*) [ "$COMP_CWORD" -lt ${fileFrom} ] || COMPREPLY+=($(compgen -f -- "$current")) ;;`,
  )
  .join("\n")}
  esac
}
complete -o filenames -F _${name.replace("-", "_")} ${name} ./${name}
`;
}

function writeFish(offers: readonly Offer[]): string {
  const lines = offers.flatMap(({ command, description, options, values, fileFrom }) => {
    const named = values.length > 0 ? `; and __fish_seen_subcommand_from ${values.join(" ")}` : "";
    const inside = `complete -c ${name} -n "__fish_seen_subcommand_from ${command}"`;
    return [
      `complete -c ${name} -f -n __fish_use_subcommand -a ${command} -d ${quote(description)}`,
      ...(values.length > 0 ? [`${inside} -f -a ${quote(values.join(" "))}`] : []),
      ...(fileFrom === null ? [] : [`complete -c ${name} -n "__fish_seen_subcommand_from ${command}${named}" -F`]),
      ...options.map((option) => {
        const short = option.short === undefined ? "" : ` -s ${option.short.slice(1)}`;
        const long = option.long === undefined || option.long === null ? "" : ` -l ${option.long.slice(2)}`;
        const value =
          option.argChoices === undefined
            ? option.required
              ? " -r"
              : ""
            : ` -x -a ${quote(option.argChoices.join(" "))}`;
        return `${inside}${short}${long}${value} -d ${quote(option.description)}`;
      }),
    ];
  });
  return `${lines.join("\n")}\n`;
}

function quote(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
