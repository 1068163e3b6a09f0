// What is wrong, where, and the line itself.

import { ask, byId, el, place, sentence } from "./asking.js";

const WORDS = { error: "Error", warning: "Warning" };

export class Findings {
  constructor(drawer) {
    this.drawer = drawer;
  }

  show(state) {
    const found = state.findings ?? [];
    const list = byId("findings");
    const chosen = [...list.querySelectorAll("button")].indexOf(document.activeElement);
    byId("findings-name").textContent = found.length ? `Findings (${found.length})` : "Findings";
    list.replaceChildren(...(found.length ? found.map((finding) => this.entry(finding)) : [el("li", { className: "hint" }, "Nothing to mend.")]));
    if (chosen >= 0) list.querySelectorAll("button")[Math.min(chosen, found.length - 1)]?.focus();
  }

  entry(finding) {
    const button = el(
      "button",
      { type: "button", disabled: !finding.path },
      el("b", {}, `${WORDS[finding.severity] ?? finding.severity}: `),
      sentence(finding),
      el("small", {}, [place(finding), finding.rule].filter(Boolean).join("  ·  ")),
    );
    button.addEventListener("click", () => this.drawer.open(finding));
    return el("li", { className: finding.severity }, button);
  }

  /** An error in the files: the last good version stays, dimmed, under what is wrong. */
  showFault(state) {
    const fault = byId("fault");
    document.body.classList.toggle("stale", state.errors.length > 0);
    fault.hidden = state.errors.length === 0;
    const told = state.title ? "The file cannot be shown as it is now. Below is how it was." : "The file cannot be shown as it is now.";
    const key = JSON.stringify(state.errors);
    if (fault.dataset.shown === key) return;
    fault.dataset.shown = key;
    fault.replaceChildren(
      el("h2", {}, told),
      el("ol", {}, ...state.errors.map((finding) => this.faultEntry(finding))),
    );
  }

  faultEntry(finding) {
    const button = el("button", { type: "button", disabled: !finding.path }, el("b", {}, place(finding)), sentence(finding));
    button.addEventListener("click", () => this.drawer.open(finding));
    return el("li", {}, button);
  }

  /** The finding after or before the one that has the focus. */
  step(by) {
    const buttons = [...document.querySelectorAll("#fault:not([hidden]) button, #findings button")].filter((button) => !button.disabled);
    if (!buttons.length) return;
    const at = buttons.indexOf(document.activeElement);
    const next = buttons[at < 0 ? (by > 0 ? 0 : buttons.length - 1) : (at + by + buttons.length) % buttons.length];
    next.focus();
    next.click();
  }
}

/** The lines of the issue file or of a template, under the mail. */
export class Drawer {
  constructor() {
    this.box = byId("drawer");
    this.lines = byId("drawer-lines");
    byId("drawer-close").addEventListener("click", () => this.close());
  }

  get isOpen() {
    return !this.box.hidden;
  }

  async open(finding) {
    this.shown = finding;
    this.opener = document.activeElement;
    await this.fill();
    this.lines.querySelector(".here")?.scrollIntoView({ block: "center", behavior: "instant" });
  }

  async fill() {
    const finding = this.shown;
    let lines;
    try {
      ({ lines } = await ask("source", { path: finding.path }));
    } catch (error) {
      lines = [error.message];
    }
    if (finding !== this.shown) return;
    byId("drawer-name").textContent = place(finding);
    byId("drawer-said").textContent = finding.message ? sentence(finding) : "";
    this.lines.replaceChildren(...lines.map((text, index) => this.line(text, index + 1, finding)));
    this.box.hidden = false;
  }

  line(text, number, { line, column }) {
    const code = el("code");
    if (number === line && column) {
      const from = column - 1;
      const length = Math.max(1, text.slice(from).search(/\s|$/u));
      code.append(text.slice(0, from), el("mark", {}, text.slice(from, from + length)), text.slice(from + length));
    } else {
      code.textContent = text;
    }
    const made = el("li", { className: number === line ? "here" : "" }, el("span", {}, String(number)), code);
    if (number === line) made.setAttribute("aria-current", "true");
    return made;
  }

  /** The file was saved: the same place of the new text. */
  async refresh() {
    if (!this.isOpen) return;
    const top = this.lines.scrollTop;
    await this.fill();
    this.lines.scrollTop = top;
  }

  close() {
    this.box.hidden = true;
    this.shown = null;
    this.opener?.focus?.();
  }
}
