// The panel's only script address: what every page needs, and the two elements that some have.
import { mountComposer } from "./composer.js";
import "./reveal-secret.js";

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

const composer = document.querySelector("#composer");
if (composer) mountComposer(composer);
