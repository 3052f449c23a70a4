/** Type-ahead over label names: beginnings first, then beginnings of words, then anywhere, then part by part. */
export interface Candidate { control: string; value: string; title: string; color: string | null }

const plain = (text: string): string => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().replace(/[_\s-]+/g, " ").trim();

function standsInOrder(name: string, query: string): boolean {
  let at = 0;
  return [...query].every((sign) => { at = name.indexOf(sign, at) + 1; return at > 0; });
}

function rank(row: Candidate, query: string): number | null {
  const names = [plain(row.title), plain(row.value)];
  if (names.some((name) => name.startsWith(query))) return 0;
  if (names.some((name) => name.includes(` ${query}`))) return 1;
  if (names.some((name) => name.includes(query))) return 2;
  const words = query.split(" ");
  if (words.length > 1 && names.some((name) => words.every((word) => name.includes(word)))) return 3;
  // Chinese has no blanks: 卡盗 finds 银行卡被盗.
  return /^\p{Script=Han}{2,}$/u.test(query) && names.some((name) => standsInOrder(name, query)) ? 4 : null;
}

export function foundLabels(candidates: readonly Candidate[], query: string): Candidate[] {
  const wanted = plain(query);
  if (wanted === "") return [...candidates];
  return candidates
    .map((row, order) => ({ row, order, rank: rank(row, wanted) }))
    .filter((each): each is typeof each & { rank: number } => each.rank !== null)
    .sort((left, right) => left.rank - right.rank || left.order - right.order)
    .map((each) => each.row);
}
