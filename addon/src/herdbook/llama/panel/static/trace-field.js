// A field for the name of a trace that offers those there are: a combobox as in the ARIA authoring
// practices. htmx fetches the offers by POST; without scripts it is a plain field.

customElements.define(
  "trace-field",
  class extends HTMLElement {
    connectedCallback() {
      if (this.input) return;
      this.input = this.querySelector("input");
      this.offers = this.querySelector(".offers");
      this.active = null;
      for (const [name, value] of Object.entries({
        role: "combobox",
        "aria-autocomplete": "list",
        "aria-expanded": "false",
        "aria-controls": this.offers.id,
      }))
        this.input.setAttribute(name, value);
      this.input.addEventListener("keydown", (event) => this.press(event));
      this.input.addEventListener("click", () => this.ask());
      this.input.addEventListener("blur", () => this.close());
      this.offers.addEventListener("htmx:afterSwap", () => this.open());
      // The field keeps the focus, and with it the phone its keyboard.
      this.offers.addEventListener("pointerdown", (event) => event.preventDefault());
      this.offers.addEventListener("click", ({ target }) => {
        const option = target.closest("[role=option]");
        if (option) this.choose(option);
      });
      this.mountFold(this.closest(".trace-add"));
    }

    /** Opening the fold leads into the field; what was just done in it leaves the focus there. */
    mountFold(fold) {
      if (!fold) return;
      const summary = fold.querySelector("summary");
      summary.addEventListener("click", (event) => {
        // At once rather than after this event: only so do phones bring their keyboard.
        event.preventDefault();
        fold.open = !fold.open;
        if (!fold.open) return;
        this.input.focus();
        this.ask();
      });
      fold.addEventListener("keydown", (event) => {
        if (event.key !== "Escape" || event.defaultPrevented) return;
        fold.open = false;
        summary.focus();
      });
      // Not yet: what had the focus is still on the page.
      queueMicrotask(() => {
        if (fold.open && document.activeElement === document.body)
          summary.focus({ preventScroll: true });
      });
    }

    ask() {
      if (this.offers.hidden) htmx.trigger(this.input, "offer");
    }

    open() {
      this.move(null);
      const options = this.offers.children;
      for (let at = 0; at < options.length; at++) options[at].id = `${this.offers.id}-${at}`;
      this.show(options.length > 0 && document.activeElement === this.input);
      this.offers.scrollIntoView({ block: "nearest" });
    }

    close() {
      this.move(null);
      this.show(false);
    }

    show(shown) {
      this.offers.hidden = !shown;
      this.input.setAttribute("aria-expanded", String(shown));
    }

    move(option) {
      this.active?.setAttribute("aria-selected", "false");
      this.active = option;
      option?.setAttribute("aria-selected", "true");
      option?.scrollIntoView({ block: "nearest" });
      if (option) this.input.setAttribute("aria-activedescendant", option.id);
      else this.input.removeAttribute("aria-activedescendant");
    }

    choose(option) {
      this.input.value = option.textContent.trim();
      this.close();
      if ("sends" in this.dataset) this.input.form.requestSubmit();
    }

    press(event) {
      if (event.isComposing || event.altKey || event.ctrlKey || event.metaKey) return;
      const shown = !this.offers.hidden;
      const { key } = event;
      if (key === "ArrowDown" || key === "ArrowUp") {
        event.preventDefault();
        if (!shown) return this.ask();
        const options = [...this.offers.children];
        const places = options.length + 1; // one of them is the field itself
        const step = key === "ArrowDown" ? 1 : -1;
        const next = (options.indexOf(this.active) + 1 + step + places) % places;
        this.move(options[next - 1] ?? null);
      } else if (key === "Enter" && shown && this.active) {
        event.preventDefault();
        this.choose(this.active);
      } else if (key === "Escape" && shown) {
        event.preventDefault();
        this.close();
      }
    }
  },
);
