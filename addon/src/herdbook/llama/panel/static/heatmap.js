// Twelve months by keyboard and by touch. The squares are too small for a finger, so the table is one
// stop: arrows walk over the days that have entries, and the line below says which, with a link.

export function mountHeatmap(table) {
  const rows = [...table.tBodies[0].rows]
    .map((row) => [...row.querySelectorAll(".lit")])
    .filter((days) => days.length);
  const days = rows.flat();
  if (!days.length) return;
  const said = table.parentElement.querySelector(".heat-said");
  const rtl = document.documentElement.dir === "rtl" ? -1 : 1;
  let here = null;
  days.forEach((day, at) => (day.id = `heat-${at}`));
  table.tabIndex = 0;
  table.setAttribute("role", "grid");

  const show = (day) => {
    here?.removeAttribute("aria-selected");
    here = day;
    here.setAttribute("aria-selected", "true");
    table.setAttribute("aria-activedescendant", day.id);
    said.querySelector("span").textContent = day.textContent;
    said.querySelector("a").href = day.dataset.day;
    said.hidden = false;
  };

  /** The nearest day of the month with entries before or after. */
  const turn = (step) => {
    const row = rows[rows.findIndex((its) => its.includes(here)) + step];
    if (!row) return here;
    const away = (day) => Math.abs(day.cellIndex - here.cellIndex);
    return row.reduce((best, day) => (away(day) < away(best) ? day : best));
  };
  const walk = (step) => days[days.indexOf(here) + step] ?? here;
  const keys = {
    ArrowLeft: () => walk(-rtl),
    ArrowRight: () => walk(rtl),
    ArrowUp: () => turn(-1),
    ArrowDown: () => turn(1),
    Home: () => days[0],
    End: () => days.at(-1),
  };
  table.addEventListener("focus", () => here ?? show(days.at(-1)));
  table.addEventListener("keydown", (event) => {
    if (event.target !== table || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "Enter") said.querySelector("a").click();
    if (!keys[event.key]) return;
    event.preventDefault();
    show(keys[event.key]());
  });
  table.addEventListener("click", ({ target }) => {
    const day = target.closest(".lit");
    if (day) show(day);
  });
}
