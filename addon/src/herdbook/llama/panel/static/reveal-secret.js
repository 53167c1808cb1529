// <reveal-secret>: a button that shows what is typed into the password field inside.
// data-show and data-hide are its two labels.
customElements.define(
  "reveal-secret",
  class extends HTMLElement {
    connectedCallback() {
      if (this.querySelector("button")) return;
      const input = this.querySelector("input");
      const button = document.createElement("button");
      button.type = "button";
      button.className = "reveal";
      const show = (shown) => {
        input.type = shown ? "text" : "password";
        button.textContent = shown ? this.dataset.hide : this.dataset.show;
        button.setAttribute("aria-pressed", String(shown));
      };
      button.setAttribute("aria-controls", input.id);
      button.addEventListener("click", () => show(input.type === "password"));
      // Hidden again before it is sent, or the browser keeps it among ordinary words.
      input.form?.addEventListener("submit", () => show(false));
      show(false);
      this.append(button);
    }
  },
);
