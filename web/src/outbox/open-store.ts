/** The best place for entries that this browser offers. */
import type { EntryStore } from "./entry";
import { openIndexedDbStore } from "./indexed-db-store";
import { createLocalStorageStore } from "./local-storage-store";

export async function openStore(factory: IDBFactory | undefined, storage: Storage): Promise<EntryStore> {
  if (factory === undefined) return createLocalStorageStore(storage);
  return openIndexedDbStore(factory).catch(() => createLocalStorageStore(storage));
}
