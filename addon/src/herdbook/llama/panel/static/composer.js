// The writing field: keys, growth, and the promise that no word gets lost.
//
// htmx carries the requests (see day.html): the form sends an entry, the textarea saves its draft a
// moment after each change. This module says when, shows how it went, and takes out of the field
// what has been kept, and nothing else.
import { showNewest } from "./day.js";

const PATIENCE = 400; // ms before “Saving…” is worth a word
const RESAVE = 3000; // ms between attempts while something is unsaved
const CATCH_UP = [400, 2000]; // ms after which a page looks for what the last one said in leaving

export function mountComposer(form) {
  const words = form.querySelector("#words");
  const notice = form.querySelector("#notice");
  const text = form.dataset;
  let saved = words.defaultValue; // what the vault has as the draft
  let sending = false;
  let refused = false; // the draft as it is cannot be kept: only a change makes asking again useful
  let failing = false; // the last attempt to keep anything kept nothing
  let told = ""; // what was last said about the draft
  let slow = 0;
  let touched = words.value !== saved; // since the page stands, also before this came to it
  let files = null; // see “Photos and files”

  // What the vault knows this text as.
  const name = (key, base) => {
    const known = document.querySelector("#composition").value;
    for (const one of document.querySelectorAll("#field-state [name=key]")) one.value = key;
    document.querySelector("#base").value = base;
    if (known !== key) withFiles(({ refresh }) => refresh());
  };
  const dirty = () => words.value !== saved;
  // The door in place of the entries says so.
  const state = () => document.querySelector("#vault-state")?.value;
  const locked = () => state() !== "open";
  // A locked vault's inbox takes words, from whoever is signed in.
  const signedOut = () => state() === "signed_out";
  const closed = () => (signedOut() ? text.signedOut : text.draftWaits);
  const say = (state, sentence) => {
    clearTimeout(slow);
    const line = form.querySelector("#status");
    line.dataset.state = state;
    const span = form.querySelector("#status-text");
    if (span.textContent !== sentence) span.textContent = sentence;
  };

  // --- Growth, where CSS cannot do it.
  const grow = () => {
    if (CSS.supports("field-sizing", "content")) return;
    words.style.blockSize = "auto";
    words.style.blockSize = `${words.scrollHeight}px`;
  };

  // --- Keys: Enter sends where there is a real keyboard; Shift with it breaks the line.
  words.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.altKey || event.isComposing) return;
    const send = event.ctrlKey || event.metaKey || ("enterSends" in text && matchMedia("(pointer: fine)").matches);
    if (!send) return;
    event.preventDefault();
    form.requestSubmit();
  });

  // --- Photos and files: what takes care of them comes when there are some. Here are the ways in.
  const chooser = form.querySelector("#add-files");
  const attached = () => form.querySelector("#attached .attached-one");
  let coming = null;
  const withFiles = (then) => {
    coming ??= import("./files.js").then(({ mountFiles }) => {
      files = mountFiles(form, () => {
        touched = true;
        if (!dirty()) say("saved", text.draftSaved);
      });
    });
    const missing = () => {
      coming = null;
      say("failed", text.filesFailed);
    };
    coming.then(() => then(files), missing);
  };
  const addFiles = (event, list) => {
    const chosen = [...list];
    event.preventDefault();
    if (chosen.length && !locked()) withFiles(({ add }) => add(chosen));
  };
  // Only a page without scripts sends them along with the words.
  form.enctype = "application/x-www-form-urlencoded";
  chooser.removeAttribute("name");
  for (const nearing of ["pointerover", "focus"])
    chooser.addEventListener(nearing, () => withFiles(() => {}), { once: true });
  chooser.addEventListener("change", (event) => {
    addFiles(event, chooser.files);
    chooser.value = "";
  });
  // On a slow machine somebody may have been faster than this.
  if (chooser.files.length) chooser.dispatchEvent(new Event("change"));
  words.addEventListener("paste", (event) => {
    const { files: pasted, types } = event.clipboardData;
    // Words that were copied with their looks bring a picture of themselves along.
    if (pasted.length && !types.includes("text/plain")) addFiles(event, pasted);
  });
  // A file that misses the field must not take the place of the page.
  document.addEventListener("dragover", (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    form.classList.toggle("composer-over", !locked());
  });
  document.addEventListener("dragleave", ({ relatedTarget }) => {
    if (!relatedTarget) form.classList.remove("composer-over");
  });
  document.addEventListener("drop", (event) => {
    form.classList.remove("composer-over");
    if (event.dataTransfer.files.length) addFiles(event, event.dataTransfer.files);
  });
  if (attached()) withFiles(() => {});
  // An entry waits for its files.
  form.addEventListener(
    "submit",
    (event) => {
      if (!files?.busy()) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      say("pending", text.filesWait);
      files.whenDone(() => form.requestSubmit());
    },
    true,
  );

  words.addEventListener("input", () => {
    touched = true;
    refused = false;
    grow();
    if (locked()) say("waits", words.value ? closed() : "");
    else if (!sending) say("pending", "");
  });

  // --- Requests. Those of the door and of the house bubble from elsewhere and are not ours.
  document.addEventListener("htmx:confirm", (event) => {
    const { elt } = event.detail;
    // Asking a locked vault to keep a draft would only redraw the door under somebody's hands.
    if (elt === words && (locked() || sending || refused || !dirty())) event.preventDefault();
    if (elt === form && !words.value.trim() && (locked() || !attached())) event.preventDefault();
  });

  document.addEventListener("htmx:beforeRequest", (event) => {
    const { elt } = event.detail;
    if (elt === form) sending = touched = true;
    if (elt !== form && elt !== words) return;
    clearTimeout(slow);
    slow = setTimeout(() => say("saving", text.saving), PATIENCE);
  });

  document.addEventListener("htmx:afterRequest", (event) => {
    const { elt, successful, requestConfig, xhr } = event.detail;
    if (elt === form) sent(successful, requestConfig, xhr);
    else if (elt === words) drafted(successful, requestConfig, xhr);
  });

  // A notice that stands there already is not read out again with every word.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { requestConfig, serverResponse, shouldSwap } = event.detail;
    if (requestConfig.elt !== words || !shouldSwap) return;
    if (serverResponse === told && notice.hasChildNodes()) event.detail.shouldSwap = false;
    told = serverResponse;
  });

  // The same again would be refused again: the notice says what to do instead. Not so what a proxy in
  // between refuses, as Home Assistant does when its own session has expired.
  const isRefused = (xhr) =>
    xhr.status >= 400 && xhr.status < 500 && xhr.getResponseHeader("HX-Retarget") !== null && !locked();

  const sent = (successful, requestConfig, xhr) => {
    sending = false;
    failing = !successful;
    if (signedOut()) {
      say("failed", closed());
      document.querySelector("#door-secret").focus();
      return;
    }
    if (!successful) {
      say("failed", isRefused(xhr) ? text.refused : text.entryFailed);
      return;
    }
    const kept = requestConfig.formData.get("text");
    // Only what was sent goes; what was typed meanwhile stays.
    if (words.value.startsWith(kept)) words.value = words.value.slice(kept.length);
    saved = "";
    notice.replaceChildren();
    grow();
    // The answer brought its own sentence: saved, or sealed.
    say("saved", form.querySelector("#status-text").textContent);
    words.focus({ preventScroll: true });
    showNewest();
  };

  const drafted = (successful, requestConfig, xhr) => {
    failing = !successful;
    if (!successful) {
      refused = isRefused(xhr);
      say("failed", locked() ? closed() : refused ? text.refused : text.draftFailed);
      return;
    }
    saved = requestConfig.formData.get("text");
    const key = xhr.getResponseHeader("Draft-Key");
    // An entry may have been made of it meanwhile; then another composition stands here.
    const current = document.querySelector("#composition").value;
    if (key && requestConfig.formData.get("key") === current)
      name(key, xhr.getResponseHeader("Draft-Base"));
    // Kept, and still to be split: then the answer is that notice.
    if (xhr.status === 204) notice.replaceChildren();
    say("saved", dirty() || !saved ? "" : text.draftSaved);
  };

  // --- Whatever a pause in typing did not save: steady typing, a server that was away, a door
  // that has been opened again.
  setInterval(() => {
    htmx.trigger(words, "resave");
  }, RESAVE);
  addEventListener("online", () => htmx.trigger(words, "resave"));
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) htmx.trigger(words, "resave");
  });

  // --- The page goes: one last word. A locked vault's inbox takes it. At “beforeunload” it is ahead
  // of the next page, which shows it then; where that does not fire, as on phones, “pagehide” does.
  // What nobody would take is not left without a question.
  const leave = (event) => {
    if (!dirty()) return;
    if (event.type === "beforeunload" && (signedOut() || (failing && !locked()))) event.preventDefault();
    const last = new URLSearchParams(new FormData(form));
    last.set("leaving", "1");
    if (navigator.sendBeacon(text.draft, last)) saved = words.value;
  };
  document.querySelector("#discard").addEventListener("submit", () => {
    saved = words.value;
  });
  addEventListener("beforeunload", leave);
  addEventListener("pagehide", leave);

  // --- That last word may be overtaken by this page. Nobody who types is interrupted by it.
  const catchUp = async () => {
    if (touched || locked()) return;
    // Without an answer nothing is lost: what the last page left is in the vault, or comes there.
    const key = document.querySelector("#composition");
    const address = `${text.draft}?key=${key.value}`;
    const answer = await fetch(address, { redirect: "manual" }).catch(() => null);
    if (answer?.status !== 200 || !answer.headers.get("Content-Type").includes("json")) return;
    const draft = await answer.json();
    if (touched || locked() || draft.text === words.value) return;
    // Another text than the one that stands here has its own place on the page.
    if (draft.key !== key.value && words.value) return;
    words.value = saved = draft.text;
    name(draft.key, draft.base);
    document.getElementById(`draft-${draft.key}`)?.remove();
    grow();
    say("saved", text.draftSaved);
  };
  for (const pause of CATCH_UP) setTimeout(catchUp, pause);
  // What was left at the closed door stands in the field again once that is open.
  document.addEventListener("htmx:afterSwap", ({ detail }) => {
    if (!detail.requestConfig.elt.closest(".door") || words.value) return;
    touched = false;
    catchUp();
  });

  grow();
  if (matchMedia("(pointer: fine)").matches) {
    words.focus({ preventScroll: true });
    words.setSelectionRange(words.value.length, words.value.length);
  }
}
