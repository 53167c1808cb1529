// The panel's only script address: what every page needs, and what some have.
import { keepAsking } from "./asking.js";
import { mountComposer } from "./composer.js";
import { mountDay } from "./day.js";
import "./trace-field.js";

// htmx notes the page's path in sessionStorage even with its history off. Nothing of the panel's
// belongs into browser storage.
sessionStorage.removeItem("htmx-current-path-for-history");

// A page that the browser kept whole while its vault was locked must not come back with “back”.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

// Only the panel itself says where an error belongs on the page; what a proxy in between answers
// (its own error page) is not put anywhere.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, isError } = event.detail;
  if (isError && xhr.getResponseHeader("HX-Retarget") === null) event.detail.shouldSwap = false;
});

// A password can be shown wherever one is asked for: on its page, or when a vault closed meanwhile.
const letReveal = (part) => part.querySelector("reveal-secret") && import("./reveal-secret.js");
letReveal(document);
document.addEventListener("htmx:load", ({ detail: { elt } }) => letReveal(elt));

// A secret that opened nothing is typed once more: where it stands, in its place.
document.addEventListener("htmx:afterSwap", ({ detail: { target } }) => {
  if (target.id === "door-notice") target.closest("form").elements.secret.select();
});

// A form that got no answer, or one of somebody else's, must not just stand there.
document.addEventListener("htmx:afterRequest", (event) => {
  const { elt, successful, xhr } = event.detail;
  const place = elt.querySelector("[data-unanswered]");
  if (!place || successful || xhr.getResponseHeader("HX-Retarget") !== null) return;
  const notice = document.createElement("p");
  notice.className = "notice";
  notice.setAttribute("role", "alert");
  notice.textContent = place.dataset.unanswered;
  place.replaceChildren(notice);
});

const composer = document.querySelector("#composer");
if (composer) {
  mountComposer(composer);
  if (document.querySelector("#house")) mountDay(composer);
}
// Single keys lead to what names them, while nothing is being typed and nobody has turned that off.
document.addEventListener("keydown", (event) => {
  const { key, target } = event;
  const typing = target.closest("input, textarea, select, [contenteditable]");
  if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey || document.querySelector("dialog[open]")) return;
  // Escape leaves the writing field, for those keys.
  if (key === "Escape" && typing?.id === "words") typing.blur();
  if (typing || !("singleKeys" in document.documentElement.dataset)) return;
  // Up to where one writes already, if it is here.
  const way = key === "n" && composer ? composer.querySelector("#words") : null;
  const named = way ?? document.querySelector(`[aria-keyshortcuts="${CSS.escape(key)}"]`);
  if (!named) return;
  event.preventDefault();
  way ? way.focus() : named.click();
});

// What opens over the page: a page of its own, in a frame.
document.addEventListener("click", async (event) => {
  const way = event.target.closest("a[data-overlay]");
  if (!way || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const { openOverlay } = await import("./overlay.js");
  openOverlay(document.querySelector("dialog.overlay"), way);
});

// A page that shows something of a vault closes with it.
const watch = document.querySelector("#watch");
if (watch) keepAsking(watch);
const month = document.querySelector("#month");
if (month) import("./calendar.js").then(({ mountCalendar }) => mountCalendar(month));
const heatmap = document.querySelector("#heatmap");
if (heatmap) import("./heatmap.js").then(({ mountHeatmap }) => mountHeatmap(heatmap));
if (document.querySelector("[data-print], .code-input")) import("./recovery-code.js");
