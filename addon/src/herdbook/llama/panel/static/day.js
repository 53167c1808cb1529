// The day page around the writing field: where it opens, and what comes in while it stands open.
//
// It asks for news (see “house” in day.html) while somebody can see it. What is there already stays
// as it is: open folds, selections, focus and the place one reads at.

import { keepAsking } from "./asking.js";

const SWIPE = 70; // pixels

export function mountDay(form) {
  const house = document.querySelector("#house");
  const arrived = document.querySelector("#arrived");

  const receive = (answer) => {
    const news = new DOMParser().parseFromString(answer, "text/html");
    const added = addEntries(news.querySelector("#news-entries"));
    const noticed = replaceHouse(house, news.querySelector("#news-house"));
    const said = added.map((entry) => {
      const when = entry.querySelector(".entry-when").textContent.trim().replace(/\s+/g, " ");
      return arrived.dataset.entry.replace("{when}", when);
    });
    if (noticed) said.push(noticed);
    if (said.length) arrived.textContent = said.join(". ");
  };

  keepAsking(house, receive);

  // --- What one writes, and what is written already, is never beneath the writing field.
  const room = () => {
    document.documentElement.style.scrollPaddingBlockEnd = `${form.offsetHeight + 28}px`;
  };
  new ResizeObserver(room).observe(form);
  room();

  // --- A swipe turns the page, unless it begins where something scrolls or is written.
  let from = null;
  document.addEventListener("touchstart", ({ touches, target }) => {
    const held = target.closest("textarea, input, pre, table, .menu");
    from = touches.length === 1 && !held ? touches[0] : null;
  });
  document.addEventListener("touchend", ({ changedTouches }) => {
    if (!from || !getSelection().isCollapsed) return;
    const across = changedTouches[0].clientX - from.clientX;
    const along = changedTouches[0].clientY - from.clientY;
    from = null;
    if (Math.abs(across) < SWIPE || Math.abs(across) < 3 * Math.abs(along)) return;
    const rtl = document.documentElement.dir === "rtl";
    document.querySelector(`.day-head [rel=${across > 0 !== rtl ? "prev" : "next"}]`)?.click();
  });

  // --- What unfolds at the page's end comes out from beneath the writing field.
  const bringOut = ({ target }) => {
    if (target.open && target.matches(".unfinished-ways *"))
      target.querySelector("form").scrollIntoView({ block: "nearest" });
  };
  document.addEventListener("toggle", bringOut, true); // it does not bubble

  // --- A menu closes as menus do.
  const closeMenus = (except) => {
    for (const menu of document.querySelectorAll(".menu[open]"))
      if (!menu.contains(except)) menu.open = false;
  };
  document.addEventListener("click", (event) => closeMenus(event.target));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = document.querySelector(".menu[open]");
    closeMenus(null);
    menu?.querySelector("summary").focus();
  });

  // --- What was wrong with a trace is said no longer once something at an entry is right.
  let ofEntry = false;
  document.addEventListener("htmx:afterRequest", ({ detail: { requestConfig, successful, xhr } }) => {
    if (!requestConfig.elt.matches(".entry form")) return;
    if (successful && ofEntry) document.querySelector("#notice").replaceChildren();
    ofEntry = xhr.getResponseHeader("HX-Retarget") === "#notice";
  });

  // --- Today opens where one writes, another day at its start; a reload stays where it was.
  const atEnd = () => {
    if (form.dataset.when === "today" && document.querySelector(".entry"))
      scrollTo(0, document.documentElement.scrollHeight);
  };
  if (performance.getEntriesByType("navigation")[0]?.type === "navigate") atEnd();

  let unfolded = [];
  document.addEventListener("htmx:beforeSwap", () => {
    unfolded = [...document.querySelectorAll(".entry:has(.unfold[open])")].map(({ id }) => id);
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    for (const id of unfolded) {
      const fold = document.getElementById(id)?.querySelector(".unfold");
      if (fold) fold.open = true;
    }
    // From the way out to the way back, and the other way round: a keyboard stays at that entry.
    const entry = event.detail.requestConfig.elt.closest(".menu, .entry-deleted")?.closest(".entry");
    if (entry)
      document
        .getElementById(entry.id)
        ?.querySelector(".menu summary, :scope > form button")
        .focus({ preventScroll: true });
    // The door opened in place.
    if (event.detail.requestConfig.elt.closest(".door")) atEnd();
    // Which other years were written on is the vault's to tell.
    if (document.querySelector("#vault-state").value !== "open") document.querySelector(".same-days")?.remove();
    // The door of a lost session: whose page this is stands nowhere but on it.
    const name = document.querySelector("#door-name");
    if (name && !name.value) name.value = form.dataset.person;
  });
}

/** Bring what was just written into sight. */
export function showNewest() {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  [...document.querySelectorAll(".entry:not(.entry-unfinished)")]
    .at(-1)
    ?.scrollIntoView({ block: "nearest", behavior: still ? "instant" : "smooth" });
}

function addEntries(fresh) {
  const state = document.querySelector("#vault-state");
  // A door may have come in between.
  if (state.value !== "open" || !fresh.firstElementChild) return [];
  const added = [];
  const mark = document.querySelector("#entries-mark");
  let place = mark;
  let shown = fresh.querySelector("#entries-mark").value;
  const ids = new Set();
  for (const entry of fresh.querySelectorAll(".entry")) {
    ids.add(entry.id);
    let here = document.getElementById(entry.id);
    if (!here) {
      here = document.adoptNode(entry);
      place.after(here);
      added.push(here);
      htmx.process(here);
    } else if (here.dataset.mark !== entry.dataset.mark) {
      if (here.contains(document.activeElement)) {
        // Nobody loses the field they are in; the next answer comes with it again.
        shown = "";
      } else {
        // Changed, deleted or brought back elsewhere.
        here.replaceWith(entry);
        here = entry;
        htmx.process(here);
      }
    }
    place = here;
  }
  mark.value = shown;
  for (const entry of document.querySelectorAll("#entries .entry"))
    if (!ids.has(entry.id)) entry.remove();
  if (added.length) document.querySelector("#entries .empty")?.remove();
  return added;
}

/** What the house noticed last, when that is new. */
function replaceHouse(house, fresh) {
  const mark = (of) => of.querySelector("#house-mark").value;
  if (mark(house) === mark(fresh)) return "";
  const details = house.querySelector("details");
  const focused = details?.contains(document.activeElement);
  house.replaceChildren(...fresh.childNodes);
  if (details) {
    const now = house.querySelector("details");
    if (now) now.open = details.open;
    if (focused) now?.querySelector("summary").focus({ preventScroll: true });
  }
  return house.querySelector("li span")?.innerText ?? "";
}
