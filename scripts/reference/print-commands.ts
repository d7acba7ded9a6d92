import type { Command, Option } from "commander";
import type { Language } from "./language.ts";
import { code, printParts, printTable } from "./markdown.ts";

/** The reference of the commands. Those that ask a master share options, which stand once, at the end. */
export function printCommands(program: Command, language: Language): string {
  const { say } = language;
  const commands = listCommands(program);
  const shared = listShared(commands);
  const overview = printTable(
    [say("command"), say("what it does")],
    commands.map((command) => [`[${code(nameOf(command))}](#${anchorOf(command)})`, say(command.description())]),
  );
  return `${printParts([
    overview,
    ...commands.map((command) => printCommand(command, shared, language)),
    `<a id="asking-a-master"></a>\n\n### ${say("Options of everything that asks a master")}`,
    printOptions([...shared.values()], language),
  ])}\n`;
}

/** Those that do something. */
function listCommands(command: Command): Command[] {
  const below = command.commands.flatMap(listCommands);
  return below.length === 0 ? [command] : below;
}

/** Options of `slaves list` but for what it prints: every command that asks a master has them. */
function listShared(commands: readonly Command[]): ReadonlyMap<string, Option> {
  const asking = commands.find((command) => nameOf(command) === "slaves list");
  const own = new Set(["--json", "--no-color"]);
  const options = asking?.options.filter(({ long }) => !own.has(long ?? "")) ?? [];
  return new Map(options.map((option) => [keyOf(option), option]));
}

function printCommand(command: Command, shared: ReadonlyMap<string, Option>, language: Language): string {
  const { say, stop } = language;
  const own = command.options.filter((option) => !shared.has(keyOf(option)));
  const asks = own.length < command.options.length;
  const usage = `workflow-engine ${nameOf(command)}${command.registeredArguments.map((each) => ` <${each.name()}>`).join("")}${command.options.length > 0 ? " [options]" : ""}`;
  const examples = listExamples(command);
  return printParts([
    `### ${nameOf(command)}`,
    `\`\`\`\n${usage}\n\`\`\``,
    say(command.description()),
    printOptions(own, language),
    asks ? `${say("And")} [${say("the options of everything that asks a master")}](#asking-a-master)${stop}` : "",
    examples.length === 0 ? "" : `${say("Examples:")}\n\n\`\`\`sh\n${examples.join("\n")}\n\`\`\``,
  ]);
}

function printOptions(options: readonly Option[], { say }: Language): string {
  return printTable(
    [say("option"), say("what it does")],
    options.map((option) => {
      const { flags, description, argChoices, defaultValue } = option;
      const choices = argChoices === undefined ? "" : ` (${argChoices.map(code).join(", ")})`;
      const standard =
        defaultValue === undefined || defaultValue === true
          ? ""
          : ` (${say("default:")} ${code(String(defaultValue))})`;
      return [code(flags), `${say(description)}${choices}${standard}`];
    }),
  );
}

/** The lines of its help that show how it is called. */
function listExamples(command: Command): string[] {
  let help = "";
  command.configureOutput({
    writeOut: (text) => {
      help += text;
    },
  });
  command.outputHelp();
  return [...help.matchAll(/^ {2}\$ (.*)$/gm)].map(([, line = ""]) => line);
}

function keyOf({ flags, description }: Option): string {
  return `${flags} ${description}`;
}

function nameOf(command: Command): string {
  const parent = command.parent;
  return parent === null || parent.parent === null ? command.name() : `${nameOf(parent)} ${command.name()}`;
}

function anchorOf(command: Command): string {
  return nameOf(command).replaceAll(" ", "-");
}
