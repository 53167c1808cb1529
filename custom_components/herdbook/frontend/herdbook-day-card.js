/**
 * Tells Home Assistant's frontend of the card `custom:herdbook-day-card`.
 *
 * This module and the frontend load side by side, and the frontend replaces `customElements` and
 * `HTMLElement` by its own (the scoped registry polyfill). What was defined before that is unknown
 * to dashboards, so the card is loaded and defined once the frontend is there.
 * https://github.com/home-assistant/frontend/issues/53890
 */
const TAG = "herdbook-day-card";

await customElements.whenDefined("home-assistant");
const { HerdbookDayCard, stringsOf } = await import("./day-card.js");
if (!customElements.get(TAG)) {
  customElements.define(TAG, HerdbookDayCard);
  const { name, description } = stringsOf(document.documentElement.lang);
  window.customCards = [
    ...(window.customCards ?? []),
    { type: TAG, name, description, preview: true },
  ];
}
