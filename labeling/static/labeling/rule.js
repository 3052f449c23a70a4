// Shows the fields of the chosen kind of rule and hides the others; Ctrl+Enter tries the rule.
const form = document.getElementById("rule");

function show() {
  for (const part of form.querySelectorAll("[data-of]")) {
    part.hidden = !part.dataset.of.split(" ").includes(form.elements.kind.value);
  }
}

form.elements.kind.addEventListener("change", show);
form.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    form.querySelector("[name=try]").click();
  }
});
show();
