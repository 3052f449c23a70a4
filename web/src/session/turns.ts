/** Work on the same thing one after the other, in the order it was asked for; other things do not wait. */

/** Gets what the work before left, `undefined` when there was none, and can ask whether more was asked for meanwhile. */
export type Turn<T> = (before: T | undefined, isLast: () => boolean) => Promise<T>;

/** Returns a function that runs work under a key. Work that rejects ends nobody else's turn. */
export function createTurns<T>(): (key: string, work: Turn<T>) => Promise<T> {
  const running = new Map<string, Promise<T>>();
  return async (key, work) => {
    const before = running.get(key);
    const isLast = (): boolean => running.get(key) === turn;
    const turn: Promise<T> = (before ?? Promise.resolve(undefined)).catch(() => undefined).then((held) => work(held, isLast));
    running.set(key, turn);
    try {
      return await turn;
    } finally {
      if (isLast()) running.delete(key);
    }
  };
}
