/** One sender at a time: across tabs by Web Locks, within this tab where the browser has none (pages served without TLS). */
export interface Lock {
  run<T>(work: () => Promise<T>): Promise<T>;
}

export function createWebLock(locks: LockManager, name: string): Lock {
  return { run: (work) => locks.request(name, work) };
}

export function createTabLock(): Lock {
  let tail: Promise<unknown> = Promise.resolve();
  return {
    run(work) {
      const turn = tail.then(work);
      tail = turn.catch(() => undefined);
      return turn;
    },
  };
}
