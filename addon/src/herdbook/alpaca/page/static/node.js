// What a node's page needs beside htmx: to ask again, and to say when nobody answers.
import { keepAsking } from "./asking.js";

const EVERY = 5_000; // ms between looks at the sensors

// Nothing of a node's page belongs into browser storage: htmx notes the path there.
sessionStorage.removeItem("htmx-current-path-for-history");

const silence = document.querySelector("#silence");

// Only the node itself says what its page is; what a proxy answers in its place is put nowhere.
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.isError) detail.shouldSwap = false;
});
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  silence.hidden = detail.successful;
});

const live = document.querySelector("#live");
if (live) keepAsking(live, undefined, EVERY);
