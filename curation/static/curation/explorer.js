// Keys of the explorer: / searches, j and k or the arrows move between items, Enter opens, Escape goes back.

const rows = [...document.querySelectorAll(".items tbody tr")];
const search = document.querySelector("[data-search]");
const back = document.querySelector("[data-back]");
let here = -1;

const typing = (element) => Boolean(element?.closest("input, textarea, select, [contenteditable], dialog, summary"));
const link = (row) => row.querySelector("th a");

function go(place) {
  if (!rows.length) return;
  rows[here]?.removeAttribute("data-here");
  here = Math.max(0, Math.min(place, rows.length - 1));
  rows[here].setAttribute("data-here", "");
  // The focus moves too, so that a screen reader says where one is and Enter follows the link by itself.
  link(rows[here])?.focus({ preventScroll: true });
  rows[here].scrollIntoView({ block: "nearest" });
}

function leave() {
  // Back to the very page and place in the list when that is where the reader came from.
  const came = document.referrer && new URL(document.referrer).pathname;
  if (came && came !== location.pathname && new URL(document.referrer).origin === location.origin) history.back();
  else location.assign(back.dataset.back);
}

const KEYS = {
  "/": () => search?.focus(),
  j: () => go(here + 1),
  ArrowDown: () => go(here + 1),
  k: () => go(here - 1),
  ArrowUp: () => go(here - 1),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.key === "Escape") {
    if (event.target === search) search.blur();
    else if (back && !typing(event.target)) leave();
    return;
  }
  if (typing(event.target)) return;
  if (event.key === "/" ? !search : !rows.length) return;
  const act = KEYS[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

for (const row of rows) {
  row.addEventListener("focusin", () => {
    rows[here]?.removeAttribute("data-here");
    here = rows.indexOf(row);
    row.setAttribute("data-here", "");
  });
}
