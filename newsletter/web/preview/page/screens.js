// The mail in frames, at widths of real devices. A new version is loaded out of sight, once, and then takes the place of
// the old one in every frame, in one step and at the same scroll position: nothing flashes, and nothing jumps.

import { address, byId, el } from "./asking.js";

export const WIDTHS = { phone: 375, tablet: 768, desktop: 1200 };
const NAMES = { phone: "Phone", tablet: "Tablet", desktop: "Desktop" };
const GAP = 16;
const PATIENCE = 10_000;

const positions = new Map(JSON.parse(sessionStorage.getItem("positions") ?? "[]"));

/** A frame without rights: no scripts, no forms, no windows. It keeps our origin, so that this page can scroll it. */
function sandboxed(properties) {
  const frame = el("iframe", properties);
  frame.setAttribute("sandbox", "allow-same-origin");
  return frame;
}

/** Calls `ready` once the frame holds the text of the address; its pictures may come later, or never. */
function whenThere(frame, url, ready, isWanted, since = performance.now()) {
  if (!isWanted()) return;
  const page = frame.contentDocument;
  if (page && page.URL === url && page.readyState !== "loading") ready(page);
  else if (performance.now() - since < PATIENCE) setTimeout(() => whenThere(frame, url, ready, isWanted, since), 4);
}

class Screen {
  constructor(device, listeners) {
    this.device = device;
    this.scale = 1;
    this.name = el("span");
    this.note = el("span");
    this.frame = sandboxed();
    this.glass = el("div", { className: "glass" }, this.frame);
    this.figure = el("figure", { className: "screen" }, el("figcaption", {}, this.name, this.note), this.glass);
    this.listeners = listeners;
  }

  set scheme(scheme) {
    this.key = `${this.device}-${scheme}`;
    this.frame.style.colorScheme = scheme;
    this.frame.title = `The mail, ${NAMES[this.device]}, ${scheme}`;
    this.name.textContent = `${NAMES[this.device]} ${WIDTHS[this.device]}${scheme === "dark" ? ", dark" : ""}`;
  }

  /** The first version comes as a document, and brings the policy under which all later ones are drawn. */
  load(url) {
    this.frame.src = url;
    whenThere(this.frame, url, (page) => this.begin(page), () => this.frame.isConnected);
  }

  begin(page) {
    this.page = page;
    page.addEventListener("scroll", () => positions.set(this.key, this.position()));
    for (const [name, listener] of Object.entries(this.listeners)) page.addEventListener(name, listener);
    if (this.waiting) this.show(this.waiting);
    this.frame.contentWindow.scrollTo({ ...positions.get(this.key), behavior: "instant" });
  }

  show(mail) {
    if (!this.page) {
      this.waiting = mail;
      return;
    }
    const before = this.settling ?? this.position();
    this.page.replaceChild(this.page.importNode(mail.documentElement, true), this.page.documentElement);
    this.settle(before, 3);
  }

  /** Where the text went, the browser may go back to the beginning once more when it draws: hold on for some pictures. */
  settle(place, pictures) {
    this.settling = pictures ? place : undefined;
    this.frame.contentWindow.scrollTo({ ...place, behavior: "instant" });
    if (pictures) requestAnimationFrame(() => this.frame.isConnected && this.settle(place, pictures - 1));
  }

  position() {
    return { left: this.frame.contentWindow.scrollX, top: this.frame.contentWindow.scrollY };
  }

  resize(scale) {
    this.scale = scale;
    const width = WIDTHS[this.device];
    this.glass.style.width = `${width * scale}px`;
    this.note.textContent = scale < 1 ? `${Math.round(scale * 100)}%` : "";
    this.frame.style.width = `${width}px`;
    this.frame.style.height = `${this.glass.clientHeight / scale}px`;
    this.frame.style.transform = `scale(${scale})`;
  }
}

/** A stage with rows of screens: one row a colour scheme when several widths are shown, else one row of both. */
export class Screens {
  constructor(listeners) {
    this.stage = byId("stage");
    this.listeners = listeners;
    this.rows = [];
    this.shape = "";
    this.loaders = new Map();
    new ResizeObserver(() => this.layout()).observe(this.stage);
    addEventListener("pagehide", () => this.keep());
  }

  show(view, scheme, values) {
    const schemes = scheme === "both" ? ["light", "dark"] : [scheme];
    const urls = schemes.map((one) => new URL(address("mail", { ...values, scheme: one }), location).href);
    const shape = `${view} ${schemes.length} ${values.images}`;
    if (shape === this.shape) this.update(schemes, urls);
    else this.build(view === "all" ? Object.keys(WIDTHS) : [view], schemes, urls);
    this.shape = shape;
  }

  build(devices, schemes, urls) {
    this.groups = schemes.map(() => devices.map((device) => new Screen(device, this.listeners)));
    this.rows = devices.length === 1 ? [this.groups.flat()] : this.groups;
    this.stage.replaceChildren(
      ...this.rows.map((row) => el("div", { className: "screens" }, ...row.map((screen) => screen.figure))),
    );
    this.groups.forEach((group, number) => {
      for (const screen of group) screen.scheme = schemes[number];
    });
    this.layout();
    this.groups.forEach((group, number) => {
      for (const screen of group) screen.load(urls[number]);
    });
  }

  update(schemes, urls) {
    this.groups.forEach((group, number) => {
      const loader = this.loader(number);
      loader.wanted = urls[number];
      loader.contentWindow.location.replace(urls[number]);
      const take = (mail) => {
        for (const screen of group) {
          screen.scheme = schemes[number];
          screen.show(mail);
        }
      };
      whenThere(loader, urls[number], take, () => loader.wanted === urls[number] && this.groups.includes(group));
    });
  }

  /** A frame that nobody sees, under the same policy as those that are seen. */
  loader(number) {
    if (!this.loaders.has(number)) {
      const made = sandboxed({ className: "loader", title: "Loading", hidden: true });
      document.body.append(made);
      this.loaders.set(number, made);
    }
    return this.loaders.get(number);
  }

  /** For the page that comes after this one, when it is reloaded. */
  keep() {
    for (const screen of this.rows.flat()) if (screen.page) positions.set(screen.key, screen.position());
    sessionStorage.setItem("positions", JSON.stringify([...positions]));
  }

  clear() {
    this.rows = [];
    this.groups = [];
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
