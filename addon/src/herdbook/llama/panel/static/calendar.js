// The month by keyboard: arrows walk over its days, Page Up and Page Down turn it.
// What another part of the page has taken is not for the month.

export function mountCalendar(month) {
  const days = [...month.querySelectorAll("tbody a")];
  const rtl = document.documentElement.dir === "rtl" ? -1 : 1;
  const steps = { ArrowLeft: -rtl, ArrowRight: rtl, ArrowUp: -7, ArrowDown: 7 };
  const turn = (way) => document.querySelector(`.calendar-head [rel=${way}]`)?.click();
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "PageUp" || event.key === "PageDown") {
      event.preventDefault();
      turn(event.key === "PageUp" ? "prev" : "next");
    }
    const step = steps[event.key];
    if (!step) return;
    const here = days.indexOf(document.activeElement);
    const start = days.findIndex((day) => day.hasAttribute("aria-current"));
    const next = here < 0 ? Math.max(start, 0) : here + step;
    event.preventDefault();
    if (next < 0) turn("prev");
    else if (next >= days.length) turn("next");
    else days[next].focus();
  });
}
