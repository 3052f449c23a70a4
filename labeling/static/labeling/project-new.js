// Another version has other labels: the page is loaded again with those of the version that was chosen, unless somebody
// has typed already.
const form = document.querySelector("[data-version-form]");
let typed = false;
form?.addEventListener("input", (event) => {
  typed ||= event.target.name !== "version";
});
form?.elements.namedItem("version")?.addEventListener("change", (event) => {
  if (typed || !event.target.value) return;
  location.assign(`?version=${encodeURIComponent(event.target.value)}`);
});
