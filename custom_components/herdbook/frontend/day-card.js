/**
 * The dashboard card `custom:herdbook-day-card`: today's counts and the last observation, live.
 *
 * Owns nothing but what it shows: it finds the integration's entities by platform and translation
 * key. Text from the house is only ever set as `textContent`.
 */
import { STRINGS } from "./strings.js";
import { STYLE } from "./style.js";

const COUNTS = [
  ["observations", "observations_today"],
  ["readings", "readings_today"],
  ["alpacas", "alpacas_connected"],
];
const GONE = new Set(["unavailable", "unknown"]);
const RELATIVE_TIME_REFRESH_MS = 20_000;
const UNITS = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

/** The strings of a language such as `de-AT`, of `de`, or English. */
export function stringsOf(language) {
  const tag = language || "en";
  return STRINGS[tag] ?? STRINGS[tag.split("-")[0]] ?? STRINGS.en;
}

/** An element with a class, holding `children`. */
function element(tag, className, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

/** Set a text only when it differs, so that a live region announces changes and nothing else. */
function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** What the house says, with no line ending between a number and its unit. */
function unbroken(sentence, unit) {
  return sentence.replace(/(?<=\d) (?=(\S+))/g, (space, word) =>
    unit && word.startsWith(unit) ? "\u00a0" : space,
  );
}

/** The entity ids of the integration with a translation key. */
function entityIds(hass, key) {
  return Object.values(hass.entities)
    .filter((entry) => entry.platform === "herdbook" && entry.translation_key === key)
    .map((entry) => entry.entity_id);
}

/** Those states of `ids` that say something. */
function liveStates(hass, ids) {
  return ids.map((id) => hass.states[id]).filter((state) => state && !GONE.has(state.state));
}

/** When something was observed, or was told if the Alpaca's clock never was set. */
function timeOf(state) {
  const { clock, observed_at: observedAt } = state.attributes;
  const observed = clock === "unset" ? Number.NaN : Date.parse(observedAt);
  return Number.isNaN(observed) ? Date.parse(state.state) : observed;
}

/** “3 minutes ago”, in a language; never in the future, whatever the clocks say. */
function relativeTime(time, now, language) {
  const format = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  const seconds = Math.max(0, (now - time) / 1000);
  for (const [unit, length] of UNITS) {
    if (seconds >= length) return format.format(-Math.floor(seconds / length), unit);
  }
  return format.format(0, "second");
}

export class HerdbookDayCard extends HTMLElement {
  #config = {};
  #hass;
  #parts;
  #last;
  #timer;

  static getStubConfig() {
    return {};
  }

  static getConfigForm() {
    const strings = stringsOf(document.documentElement.lang);
    return {
      schema: [{ name: "title", selector: { text: {} } }],
      computeLabel: () => strings.editor_title,
    };
  }

  setConfig(config) {
    if (config.title !== undefined && typeof config.title !== "string") {
      throw new Error("title: not a text");
    }
    this.#config = config;
    this.#update();
  }

  set hass(hass) {
    this.#hass = hass;
    this.#update();
  }

  getCardSize() {
    return 4;
  }

  getGridOptions() {
    return { columns: 12, min_columns: 6, rows: "auto" };
  }

  connectedCallback() {
    this.#timer = setInterval(() => this.#updateTime(), RELATIVE_TIME_REFRESH_MS);
    this.#updateTime();
  }

  disconnectedCallback() {
    clearInterval(this.#timer);
  }

  get #language() {
    return this.#hass.locale?.language || this.#hass.language || "en";
  }

  /** Make the elements once; afterwards only their texts change. */
  #build() {
    const style = element("style");
    style.textContent = STYLE;
    const title = element("h2");
    title.id = "title";
    const counts = COUNTS.map(([name, key]) => {
      const number = element("span", "number");
      const label = element("span", "label");
      const button = element("button", "", number, label);
      button.type = "button";
      button.addEventListener("click", () => this.#showMore(entityIds(this.#hass, key)[0]));
      return { name, key, number, label, button };
    });
    const countRow = element("div", "counts", ...counts.map(({ button }) => button));

    const sentence = element("span", "sentence");
    sentence.dir = "auto";
    const alpaca = element("bdi");
    const time = element("time");
    time.dir = "auto";
    const meta = element("span", "meta", alpaca, " · ", time);
    const observation = element("button", "", sentence, meta);
    observation.type = "button";
    observation.addEventListener("click", () => this.#showMore(this.#last?.entity_id));

    const message = element("p", "sentence");
    const hint = element("p", "hint");
    const notice = element("div", "", message, hint);
    notice.setAttribute("role", "status");

    // What stands in a button is not announced when it changes; this is, and the time is not.
    const announcer = element("div", "announcer");
    announcer.setAttribute("aria-live", "polite");

    const last = element("div", "last", observation, notice, announcer);
    const content = element("div", "content", countRow, last);
    const card = element("ha-card", "", title, content);
    card.setAttribute("role", "region");
    card.setAttribute("aria-labelledby", title.id);
    this.attachShadow({ mode: "open" }).append(style, card);
    this.#parts = {
      title, counts, countRow, sentence, alpaca, time, observation, announcer,
      message, hint, notice,
    };
  }

  #update() {
    if (!this.#hass) return;
    if (!this.#parts) this.#build();
    const { title, counts, countRow } = this.#parts;
    const strings = stringsOf(this.#language);
    setText(title, this.#config.title || strings.title);

    const setUp = counts.some(({ key }) => entityIds(this.#hass, key).length > 0);
    let reachable = false;
    let observations = 0;
    for (const count of counts) {
      const states = liveStates(this.#hass, entityIds(this.#hass, count.key));
      const value = states.reduce((sum, state) => sum + Number(state.state), 0);
      reachable ||= states.length > 0;
      if (count.name === "observations") observations = value;
      const form = new Intl.PluralRules(this.#language).select(value);
      const words = strings[count.name];
      setText(count.number, states.length ? new Intl.NumberFormat(this.#language).format(value) : "–");
      setText(count.label, words[form] ?? words.other);
      count.button.title = strings.show_details;
    }
    countRow.hidden = !reachable;

    this.#last = liveStates(this.#hass, entityIds(this.#hass, "observation"))
      .filter((state) => state.attributes.sentence)
      .sort((a, b) => timeOf(b) - timeOf(a))[0];
    if (!setUp) this.#showNotice(strings.not_set_up, strings.not_set_up_hint);
    else if (!reachable) this.#showNotice(strings.unavailable, strings.unavailable_hint);
    else if (this.#last) this.#showLast();
    else if (observations) this.#showNotice(strings.none_seen, "");
    else this.#showNotice(strings.none_today, strings.none_hint);
  }

  #showNotice(message, hint) {
    const parts = this.#parts;
    this.#last = undefined;
    setText(parts.message, message);
    setText(parts.hint, hint);
    parts.notice.hidden = false;
    parts.observation.hidden = true;
  }

  #showLast() {
    const parts = this.#parts;
    parts.notice.hidden = true;
    parts.observation.hidden = false;
    const { sentence, unit } = this.#last.attributes;
    setText(parts.sentence, unbroken(sentence, unit));
    setText(parts.announcer, sentence);
    setText(parts.alpaca, this.#alpacaName());
    this.#updateTime();
  }

  /** The device's name, as people call it; without a device, the entity's. */
  #alpacaName() {
    const entry = this.#hass.entities[this.#last.entity_id];
    const device = this.#hass.devices?.[entry?.device_id];
    return device?.name_by_user || device?.name || this.#last.attributes.friendly_name || "";
  }

  #updateTime() {
    if (!this.#last) return;
    const { time } = this.#parts;
    const moment = timeOf(this.#last);
    const relative = relativeTime(moment, Date.now(), this.#language);
    const unsure = this.#last.attributes.clock === "unset";
    setText(
      time,
      unsure ? stringsOf(this.#language).about.replace("{time}", relative) : relative,
    );
    time.dateTime = new Date(moment).toISOString();
    time.title = new Intl.DateTimeFormat(this.#language, {
      dateStyle: "medium",
      timeStyle: "short",
    }).format(moment);
  }

  #showMore(entityId) {
    if (!entityId) return;
    this.dispatchEvent(
      new CustomEvent("hass-more-info", { bubbles: true, composed: true, detail: { entityId } }),
    );
  }
}
