/** The best place for entries that this browser offers. */
import type { Sendable } from "../wire";
import type { EntryStore } from "./entry";
import { openIndexedDbStore } from "./indexed-db-store";
import { createLocalStorageStore } from "./local-storage-store";

export async function openStore<S extends Sendable>(factory: IDBFactory | undefined, storage: Storage): Promise<EntryStore<S>> {
  if (factory === undefined) return createLocalStorageStore(storage);
  return openIndexedDbStore<S>(factory).catch(() => createLocalStorageStore<S>(storage));
}
