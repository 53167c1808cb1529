// The recovery code: a button that prints its page, and groups while it is typed back.

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}

// Only at the end of what is typed or pasted: a correction in the middle is left alone. The field
// may be replaced by another, so the page listens.
document.addEventListener("input", ({ target, isComposing, inputType }) => {
  if (!target.matches(".code-input") || isComposing || inputType?.startsWith("delete")) return;
  if (target.selectionEnd !== target.value.length) return;
  const symbols = target.value.replace(/[\s\p{P}]/gu, "");
  const grouped = symbols.replace(/.{4}(?=.)/gu, "$& ");
  if (grouped !== target.value) target.value = grouped;
});
