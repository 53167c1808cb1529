// Photos and files of what is being written: each is brought to the draft at once and by itself, one
// after the other.
//
// What is here already stands in #attached, as the Llama says it; what is on its way, or was not
// taken, in #arriving. A file that was not taken stays there to be tried again: nothing is lost by a
// lock or a lost connection while the page stands.

// Its looks come with it, unless the page has them already.
const sheet = document.querySelector("link[href$='panel.css']").href.replace(/panel\.css$/, "files.css");
if (!document.querySelector("link[href$='files.css']")) {
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = sheet;
  document.head.append(link);
}

const CROSS = "M5 5 15 15M15 5 5 15";

export function mountFiles(form, told) {
  const chooser = form.querySelector("#add-files");
  const attached = form.querySelector("#attached");
  const arriving = form.querySelector("#arriving");
  const text = arriving.dataset;
  const queue = []; // tiles that wait or are being sent
  let sending = null;
  let done = null; // what waits for the queue to be empty
  let closed = false; // the vault locked, so nothing of it is shown

  const open = () => document.querySelector("#vault-state")?.value === "open";
  const fieldState = (name) => form.querySelector(`#field-state input[name=${name}]`)?.value;

  const put = (answer) => {
    attached.innerHTML = answer;
    htmx.process(attached);
  };

  const refresh = async () => {
    const asked = new URLSearchParams({ key: fieldState("key"), writer: fieldState("writer") });
    if (fieldState("entry")) asked.set("entry", fieldState("entry"));
    const headers = { "HX-Request": "true" };
    const answer = await fetch(`${text.address}?${asked}`, { headers, redirect: "manual" }).catch(() => null);
    if (answer?.status === 200 && asked.get("key") === fieldState("key")) put(await answer.text());
  };

  // --- One file
  const add = (files) => {
    for (const file of files) {
      const tile = tileOf(file, text);
      tile.querySelector(".attached-remove").addEventListener("click", () => remove(tile));
      tile.querySelector(".attached-again").addEventListener("click", () => begin(tile));
      arriving.append(tile);
      if (file.size > Number(text.largest)) fail(tile, text.tooLarge, false);
      else begin(tile);
    }
  };

  const begin = (tile) => {
    tile.classList.remove("attached-failed");
    tile.querySelector(".attached-said").textContent = "";
    queue.push(tile);
    next();
  };

  const next = () => {
    if (sending) return;
    const tile = queue[0];
    if (!tile) {
      const then = done;
      done = null;
      if (then && !arriving.childElementCount) then();
      return;
    }
    const body = new FormData();
    for (const name of ["key", "writer", "entry"])
      if (fieldState(name)) body.set(name, fieldState(name));
    body.set("file", tile.file, tile.file.name);
    const progress = tile.querySelector("progress");
    sending = new XMLHttpRequest();
    sending.open("POST", text.address);
    sending.setRequestHeader("HX-Request", "true");
    sending.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) progress.value = event.loaded / event.total;
    });
    sending.addEventListener("loadend", () => {
      const answer = sending;
      sending = null;
      queue.shift();
      if (tile.isConnected) arrived(tile, answer, body.get("key"));
      next();
    });
    sending.send(body);
  };

  const arrived = (tile, answer, key) => {
    const where = answer.getResponseHeader("HX-Retarget");
    if (answer.status === 200) {
      tile.remove();
      if (key === fieldState("key")) put(answer.responseText);
      else refresh();
      told();
    } else if (where === "#entries") {
      // The door: the file waits until it is open again.
      fail(tile, text.notAdded, true);
      htmx.swap(where, answer.responseText, { swapStyle: "innerHTML" });
      hide();
    } else if (where === "#notice") {
      const notice = new DOMParser().parseFromString(answer.responseText, "text/html");
      fail(tile, notice.body.textContent.trim(), answer.status >= 500);
    } else {
      fail(tile, text.unreachable, true);
    }
  };

  const fail = (tile, why, again) => {
    tile.classList.add("attached-failed");
    tile.querySelector(".attached-said").textContent = why;
    tile.querySelector(".attached-again").hidden = !again;
    tile.querySelector(".attached-remove").ariaLabel = text.remove.replace("{name}", tile.file.name);
  };

  const remove = (tile) => {
    tile.remove();
    const at = queue.indexOf(tile);
    if (at === 0) sending.abort();
    else if (at > 0) queue.splice(at, 1);
    chooser.focus();
  };

  // --- The page closes with its vault, and opens with it.
  const hide = () => {
    if (!open()) attached.replaceChildren();
    else if (closed) refresh();
    closed = !open();
  };
  document.addEventListener("htmx:afterSwap", ({ detail }) => {
    hide();
    if (detail.target === attached) chooser.focus();
  });
  addEventListener("beforeunload", (event) => {
    if (queue.length) event.preventDefault();
  });

  return {
    add,
    busy: () => queue.length > 0,
    /** Calls `then` once all files that are on their way are here; not if one was not taken. */
    whenDone: (then) => {
      done = then;
    },
    refresh,
  };
}

function tileOf(file, text) {
  const named = (sentence) => sentence.replace("{name}", file.name);
  const tile = make("div", "attached-one attached-arriving");
  tile.file = file;
  const name = make("span", "attached-name");
  const bdi = make("bdi");
  bdi.textContent = file.name;
  const progress = make("progress");
  progress.ariaLabel = named(text.coming);
  progress.value = 0;
  const said = make("span", "attached-said");
  said.setAttribute("role", "alert");
  name.append(bdi, progress, said);
  const again = make("button", "quiet-button attached-again");
  again.type = "button";
  again.hidden = true;
  again.textContent = text.again;
  again.ariaLabel = named(text.againLong);
  const cross = make("button", "attached-remove");
  cross.type = "button";
  cross.ariaLabel = named(text.stop);
  cross.innerHTML = `<svg viewBox="0 0 20 20" width="16" height="16" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" aria-hidden="true" focusable="false"><path d="${CROSS}"/></svg>`;
  tile.append(name, again, cross);
  return tile;
}

function make(kind, classes = "") {
  const element = document.createElement(kind);
  element.className = classes;
  return element;
}
