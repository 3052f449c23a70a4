/** A name for this window that it keeps when it is loaded again, or opened again after a crash. */
const KEY = "assay-window";

/**
 * The name is kept with the tab. A tab that was duplicated brings a copy along: the one that comes second sees by the lock
 * that the name is taken, and chooses another. Without locks nobody could tell, so each load has a name of its own.
 */
export async function nameOfWindow(storage: Pick<Storage, "getItem" | "setItem">, locks: Pick<LockManager, "request"> | null, random: () => string): Promise<string> {
  if (locks === null) return random();
  const kept = storage.getItem(KEY);
  if (kept !== null && await held(locks, kept)) return kept;
  const name = random();
  await held(locks, name);
  storage.setItem(KEY, name);
  return name;
}

/** Takes the name until the window is gone; false when another window has it. */
function held(locks: Pick<LockManager, "request">, name: string): Promise<boolean> {
  return new Promise((said) => {
    void locks.request(`${KEY}-${name}`, { ifAvailable: true }, (lock) => {
      said(lock !== null);
      return lock === null ? undefined : new Promise(() => undefined);
    });
  });
}
