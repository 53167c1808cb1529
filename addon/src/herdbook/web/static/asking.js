// Asks for news, again and again, while somebody can see the page.

const EVERY = 10_000; // ms between questions
const LONGER = 16; // so many times longer, at most, if nobody answers

/** Have htmx send `element`'s question, which its trigger “ask” asks; `receive` gets each answer. */
export function keepAsking(element, receive = () => {}, every = EVERY) {
  let pause = every;
  let timer = 0;
  const ask = () => {
    clearTimeout(timer);
    if (!document.hidden) htmx.trigger(element, "ask");
  };
  document.addEventListener("visibilitychange", ask);
  timer = setTimeout(ask, pause);

  document.addEventListener("htmx:afterRequest", (event) => {
    const { elt, xhr } = event.detail;
    if (elt !== element) return;
    pause = xhr.status > 0 && xhr.status < 500 ? every : Math.min(2 * pause, LONGER * every);
    clearTimeout(timer);
    timer = setTimeout(ask, pause);
    if (xhr.status === 200) receive(xhr.responseText);
  });
}
