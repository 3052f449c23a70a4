// j and k go from answer to answer, Enter opens the one at hand where it can be opened.
const rows = [...document.querySelectorAll("[data-row]")];
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
  const at = rows.indexOf(document.activeElement?.closest("[data-row]"));
  if (event.key === "Enter" && at >= 0 && document.activeElement === rows[at]) rows[at].querySelector("a")?.click();
  if (event.key !== "j" && event.key !== "k") return;
  const next = rows[Math.min(rows.length - 1, Math.max(0, at + (event.key === "j" ? 1 : -1)))];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
  event.preventDefault();
});
