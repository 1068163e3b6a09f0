// The one thing that this page can do: send a test to an address that somebody typed.

import { byId, sentence, tell } from "./asking.js";
import { look } from "./look.js";

export class Sending {
  constructor(state) {
    this.state = state;
    this.dialog = byId("test-dialog");
    this.form = this.dialog.querySelector("form");
    byId("test").addEventListener("click", () => this.open());
    byId("test-cancel").addEventListener("click", () => this.dialog.close());
    this.form.addEventListener("submit", (event) => (event.preventDefault(), this.send()));
  }

  open() {
    const { test, copy, errors } = this.state();
    const obstacles = [...errors, ...(test?.missing ?? []), ...(copy?.refused ?? [])];
    const ready = test && !obstacles.length;
    byId("test-said").textContent = ready
      ? `“[Test] ${copy.subject}”, marked as a test, its links leading nowhere. It goes to ${test.destination}.`
      : `No test can be sent now:\n${obstacles.map(sentence).join("\n")}`;
    byId("test-send").disabled = !ready;
    byId("test-to").disabled = !ready;
    byId("test-cancel").textContent = "Cancel";
    this.result("", "");
    this.revision = this.state().revision;
    this.dialog.showModal();
    if (ready) byId("test-to").focus();
  }

  async send() {
    const button = byId("test-send");
    button.disabled = true;
    this.result("Sending…", "");
    try {
      const sent = await tell("test-send", { to: byId("test-to").value, revision: this.revision, ...look.whose() });
      const good = sent.outcome === "accepted";
      this.result(`${sent.to}: ${sent.outcome}${sent.detail ? `, ${sent.detail}` : ""}`, good ? "" : "error");
      byId("test-cancel").textContent = "Close";
    } catch (error) {
      this.result(error.message, "error");
    }
    button.disabled = false;
  }

  result(text, kind) {
    byId("test-result").textContent = text;
    byId("test-result").className = kind;
  }
}
