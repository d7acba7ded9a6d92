/** Is a topic one that a subscription's filter (`a/+/b`, `a/#`) means? */
export function matchesFilter(filter: string, topic: string): boolean {
  const wanted = filter.split("/");
  const given = topic.split("/");
  // Topics of the broker itself are not for filters that begin with a wildcard.
  if (topic.startsWith("$") && (wanted[0] === "#" || wanted[0] === "+")) return false;
  for (const [place, level] of wanted.entries()) {
    if (level === "#") return true;
    if (place >= given.length || (level !== "+" && level !== given[place])) return false;
  }
  return wanted.length === given.length;
}
