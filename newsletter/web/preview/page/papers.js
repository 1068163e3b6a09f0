// The same copy as text: the text part, the HTML source, the headers, the whole message.

import { address, ask, askText, byId, el } from "./asking.js";

const NAMES = { text: "Text part", html: "HTML source", headers: "Headers", raw: "Message as sent" };

export class Papers {
  constructor() {
    this.view = "";
  }

  async show(view, whose) {
    const content = view === "headers" ? await ask("headers", whose) : await askText(`part/${view}`, whose);
    if (this.view !== view) this.build(view);
    if (view === "headers") {
      this.sheet.replaceChildren(...content.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
    } else {
      this.sheet.textContent = content;
    }
    if (this.save) this.save.href = address("message.eml", whose);
  }

  build(view) {
    this.view = view;
    this.sheet = el(view === "headers" ? "dl" : "pre");
    this.save = view === "raw" ? el("a", { className: "tools", download: "" }, "Save as .eml") : null;
    const paper = el("div", { className: `paper ${view}`, tabIndex: 0, role: "region", "aria-label": NAMES[view] }, this.save, this.sheet);
    byId("stage").replaceChildren(paper);
  }

  clear() {
    this.view = "";
  }
}
