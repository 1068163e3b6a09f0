// The mail in frames, at widths of real devices. A new version is drawn behind the old one and takes its place when it
// is there, at the same scroll position: nothing flashes.

import { address, byId, el } from "./asking.js";

export const WIDTHS = { phone: 375, tablet: 768, desktop: 1200 };
const NAMES = { phone: "Phone", tablet: "Tablet", desktop: "Desktop" };
const GAP = 16;
const PATIENCE = 10_000;

const positions = new Map(JSON.parse(sessionStorage.getItem("positions") ?? "[]"));
addEventListener("pagehide", () => sessionStorage.setItem("positions", JSON.stringify([...positions])));

class Screen {
  constructor(device, scheme, listeners) {
    this.device = device;
    this.scheme = scheme;
    this.listeners = listeners;
    this.key = `${device}-${scheme}`;
    this.scale = 1;
    this.note = el("span");
    this.glass = el("div", { className: "glass" });
    this.figure = el(
      "figure",
      { className: "screen" },
      el("figcaption", {}, el("span", {}, `${NAMES[device]} ${WIDTHS[device]}${scheme === "dark" ? ", dark" : ""}`), this.note),
      this.glass,
    );
  }

  load(url) {
    this.next?.remove();
    const frame = el("iframe", { className: "next", title: `The mail, ${NAMES[this.device]}, ${this.scheme}`, src: url });
    // No scripts, no forms, no windows. Our own origin is kept so that this page can scroll what it shows.
    frame.setAttribute("sandbox", "allow-same-origin");
    frame.style.colorScheme = this.scheme;
    this.next = frame;
    this.fit(frame);
    this.glass.append(frame);
    this.await(frame, performance.now());
  }

  /** Until the text is there; pictures may come later, or never. */
  await(frame, since) {
    if (this.next !== frame) return;
    const page = frame.contentDocument;
    if (page && page.URL !== "about:blank" && page.readyState !== "loading") this.show(frame, page);
    else if (performance.now() - since < PATIENCE) setTimeout(() => this.await(frame, since), 4);
  }

  show(frame, page) {
    frame.contentWindow.scrollTo({ ...(this.position() ?? positions.get(this.key)), behavior: "instant" });
    page.addEventListener("scroll", () => positions.set(this.key, this.position()));
    for (const [name, listener] of Object.entries(this.listeners)) page.addEventListener(name, listener);
    const held = document.activeElement === this.frame;
    frame.className = "";
    this.frame?.remove();
    this.frame = frame;
    this.next = null;
    if (held) frame.focus();
  }

  position() {
    const seen = this.frame?.contentWindow;
    return seen && { left: seen.scrollX, top: seen.scrollY };
  }

  fit(frame) {
    const width = WIDTHS[this.device];
    frame.style.width = `${width}px`;
    frame.style.height = `${this.glass.clientHeight / this.scale}px`;
    frame.style.transform = `scale(${this.scale})`;
  }

  resize(scale) {
    this.scale = scale;
    this.glass.style.width = `${WIDTHS[this.device] * scale}px`;
    this.note.textContent = scale < 1 ? `${Math.round(scale * 100)}%` : "";
    for (const frame of [this.frame, this.next]) if (frame) this.fit(frame);
  }
}

/** A stage with rows of screens: one row a colour scheme when several widths are shown, else one row of both. */
export class Screens {
  constructor(listeners) {
    this.stage = byId("stage");
    this.listeners = listeners;
    this.rows = [];
    this.shape = "";
    new ResizeObserver(() => this.layout()).observe(this.stage);
  }

  show(view, scheme, values) {
    const devices = view === "all" ? Object.keys(WIDTHS) : [view];
    const schemes = scheme === "both" ? ["light", "dark"] : [scheme];
    const shape = `${view} ${scheme}`;
    if (shape !== this.shape) this.build(devices, schemes, shape);
    for (const screen of this.rows.flat()) {
      screen.load(address("mail", { ...values, scheme: screen.scheme }));
    }
  }

  build(devices, schemes, shape) {
    this.shape = shape;
    const made = schemes.map((scheme) => devices.map((device) => new Screen(device, scheme, this.listeners)));
    this.rows = devices.length === 1 ? [made.flat()] : made;
    this.stage.replaceChildren(
      ...this.rows.map((row) => el("div", { className: "screens" }, ...row.map((screen) => screen.figure))),
    );
    this.layout();
  }

  clear() {
    this.rows = [];
    this.shape = "";
  }

  layout() {
    const style = getComputedStyle(this.stage);
    const room = this.stage.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    for (const row of this.rows) {
      const wanted = row.reduce((sum, screen) => sum + WIDTHS[screen.device], 0);
      const scale = Math.min(1, Math.max(0.2, (room - GAP * (row.length - 1) - 2 * row.length) / wanted));
      for (const screen of row) screen.resize(scale);
    }
  }
}
