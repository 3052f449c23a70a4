// Leaves fields that ask nothing out of the address of a filter, so that what people share is short.

document.addEventListener("formdata", (event) => {
  if (!event.target.matches("form[data-short]")) return;
  const given = [...event.formData.entries()];
  for (const [name, value] of given) if (value === "") event.formData.delete(name);
});
