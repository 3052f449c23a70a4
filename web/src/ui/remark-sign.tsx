/** The sign of comments at a part of the answer: it leads to what they say. */
import { useEffect } from "preact/hooks";
import { noteRemarks, readAbout } from "../state/actions/remark";
import { openRemarks } from "../state/remarks";
import type { Part } from "../state/focus";
import type { State } from "../state/state";
import type { Shown } from "../state/view";
import { byPointer, usePage } from "./context";
import { Icon } from "./icon";

export function RemarkSign({ count, part }: { count: number; part: Part }) {
  const { perform, text } = usePage();
  return count === 0 ? null : (
    <button type="button" class="lp-chip-remarks" aria-label={text.t("remarks.count", { count })} title={text.t("remarks.count", { count })} onClick={byPointer(() => perform(readAbout, part))}>
      <Icon name="talk" />{count}
    </button>
  );
}

/** Reads what the comments of the task on the screen point at, when it has some and they were not read. */
export function usePointers(state: State, view: Shown | null): void {
  const { perform, session } = usePage();
  const task = view?.item.id ?? null;
  const wanted = task !== null && openRemarks(state) > 0 && state.remarkPointers[task] === undefined && state.panel !== "comments";
  useEffect(() => {
    if (task === null || !wanted) return;
    void session.client.remarks(task, null).then((outcome) => { if (outcome.ok) perform(noteRemarks, { task, rows: outcome.value.rows }); });
  }, [task, wanted]);
}
