/** Waiting times between tries: doubling from one second to thirty, each spread over its upper half so that pages don't knock together. */
export function backOffMs(failures: number, random: () => number): number {
  const full = Math.min(30_000, 1_000 * 2 ** Math.max(0, failures - 1));
  return full / 2 + (full / 2) * random();
}
