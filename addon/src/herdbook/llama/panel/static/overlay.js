// A page over the page: in a frame, with its own names and scripts, so that what lies beneath stays as
// it is. Ways out of it lead on from the page beneath.

export function openOverlay(dialog, way) {
  const frame = document.createElement("iframe");
  frame.title = way.textContent.trim();
  dialog.querySelector("iframe")?.remove();
  dialog.append(frame);
  frame.addEventListener("load", () => {
    const page = frame.contentDocument;
    page.documentElement.classList.add("is-framed");
    page.addEventListener("keydown", (event) => {
      if (event.key === "Escape") dialog.close();
    });
    page.addEventListener("click", (event) => {
      const link = event.target.closest("a[href]");
      if (!link || event.defaultPrevented) return;
      event.preventDefault();
      location.assign(link.href);
    });
    page.querySelector("#words")?.focus();
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  // Leaving the frame's page lets it keep what is written in it, like any page.
  dialog.addEventListener("close", () => frame.remove(), { once: true });
  frame.src = way.href;
  dialog.showModal();
}
