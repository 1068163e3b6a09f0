// The page: what is looked at, kept in step with the file.

import { ask, byId, count, el, sentence } from "./asking.js";
import { Choosing } from "./choosing.js";
import { Drawer, Findings } from "./findings.js";
import { look } from "./look.js";
import { Papers } from "./papers.js";
import { Screens, WIDTHS } from "./screens.js";
import { Sending } from "./sending.js";

const VIEWS = [...byId("views").children].map((button) => button.dataset.view);
const SCHEMES = ["light", "dark", "both"];
const KEYS = [
  ["1 … 8", "what to look at, in the order of the buttons"],
  ["d", "light, dark, both"],
  ["i", "images on and off"],
  ["n  p", "next and previous finding, with its line"],
  ["e", "the issue file, line by line"],
  ["w", "whose copy"],
  ["t", "send a test"],
  ["\\", "fold the side panel"],
  ["Esc", "close what is open"],
  ["?", "this list"],
];

let state = { errors: [], revision: -1 };
let turn = 0;

const drawer = new Drawer();
const findings = new Findings(drawer);
const papers = new Papers();
const screens = new Screens({ keydown: pressed, mouseover: hovered, mouseout: () => hint(""), click: followed });
const choosing = new Choosing(() => void refresh());
new Sending(() => state);

/**
 * Ask how things stand, and draw it. An answer that was overtaken by a newer one is dropped.
 *
 * Frames that were told of a new version need not wait for the answer; they have begun to load.
 */
async function refresh({ areLoading = false } = {}) {
  const mine = ++turn;
  const found = await ask("state", look.whose()).catch((error) => ({ errors: error.findings ?? [{ message: error.message }], revision: state.revision }));
  if (mine !== turn) return;
  state = found;
  findings.showFault(state);
  if (!state.title) return nothing("Nothing to show yet.");
  if (!areLoading || state.copy.refused) await draw(state.revision);
  describe();
}

const isDrawn = () => look.get("view") === "all" || look.get("view") in WIDTHS;

async function draw(revision) {
  const view = look.get("view");
  if (state.copy.refused) return nothing(state.copy.refused.map(sentence).join("\n"));
  const whose = look.whose();
  if (isDrawn()) {
    papers.clear();
    screens.show(view, look.get("scheme"), { ...whose, images: look.get("images"), revision });
  } else {
    screens.clear();
    await papers.show(view, whose).catch((error) => nothing(error.message));
  }
}

function nothing(text) {
  screens.clear();
  papers.clear();
  byId("stage").replaceChildren(el("p", { className: "nothing" }, text));
}

function describe() {
  const time = new Date(state.seen_at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
  document.title = `${state.slug}: preview`;
  byId("title").textContent = state.title;
  byId("about").textContent = `${state.path.split(/[\\/]/).pop()}, as of ${time}`;
  findings.show(state);
  choosing.told(state);
  if (state.copy.refused) return;
  for (const name of ["sender", "subject", "preheader"]) {
    byId(name).textContent = state.copy[name];
    byId(name).title = state.copy[name];
  }
  measure(state.copy);
}

function measure({ html_bytes: bytes, html_limit: limit, html_caution: caution }) {
  const meter = byId("meter");
  const level = bytes > limit ? "error" : bytes > caution ? "caution" : "fine";
  const words = { error: "Gmail will cut it off", caution: "Gmail may soon cut it off", fine: "Gmail shows it all" };
  meter.dataset.level = level;
  meter.setAttribute("aria-valuemax", limit);
  meter.setAttribute("aria-valuenow", Math.min(bytes, limit));
  meter.setAttribute("aria-valuetext", `${count(bytes, "byte")} of ${limit.toLocaleString("en")}`);
  meter.querySelector("i").style.width = `${(bytes / limit) * 100}%`;
  meter.querySelector("b").style.left = `${(caution / limit) * 100}%`;
  byId("size-said").textContent = `${bytes.toLocaleString("en")} of ${count(limit, "byte")}: ${words[level]}.`;
}

function press(group, name) {
  for (const button of byId(group).children) button.setAttribute("aria-pressed", String(button.dataset[name] === look.get(name)));
}

function setLook(changes) {
  look.set(changes);
  document.body.classList.toggle("folded", look.get("panel") === "off");
  byId("fold").setAttribute("aria-expanded", String(look.get("panel") === "on"));
  press("views", "view");
  press("schemes", "scheme");
  byId("images").setAttribute("aria-pressed", String(look.get("images") === "on"));
  for (const button of [...byId("schemes").children, byId("images")]) button.disabled = !isDrawn();
  if (state.title && !("panel" in changes)) void draw(state.revision);
}

function hint(text) {
  byId("status").textContent = text;
}

function hovered(event) {
  const link = event.target.closest?.("a[href]");
  hint(link ? link.getAttribute("href") : "");
}

/** A link inside a mail leads nowhere, except to a place in the same mail. */
function followed(event) {
  const link = event.target.closest?.("a[href]");
  if (!link) return;
  event.preventDefault();
  const target = link.getAttribute("href");
  if (target.startsWith("#")) link.ownerDocument.getElementById(decodeURIComponent(target.slice(1)))?.scrollIntoView();
}

const fold = () => setLook({ panel: look.get("panel") === "on" ? "off" : "on" });

const ACTIONS = {
  d: () => setLook({ scheme: SCHEMES[(SCHEMES.indexOf(look.get("scheme")) + 1) % SCHEMES.length] }),
  i: () => setLook({ images: look.get("images") === "on" ? "off" : "on" }),
  n: () => findings.step(1),
  p: () => findings.step(-1),
  e: () => (drawer.isOpen ? drawer.close() : void drawer.open({ path: state.path })),
  w: () => byId("whose").querySelector('[aria-pressed="true"]').focus(),
  t: () => byId("test").click(),
  "\\": fold,
  "?": () => byId("keys-dialog").showModal(),
  Escape: () => drawer.isOpen && drawer.close(),
};

function pressed(event) {
  const isWriting = event.target.matches?.("input:not([type=checkbox])");
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (isWriting && event.key !== "Escape") return;
  const view = VIEWS[Number(event.key) - 1];
  const action = view ? () => setLook({ view }) : ACTIONS[event.key];
  if (!action) return;
  event.preventDefault();
  action();
}

function listen() {
  const events = new EventSource("events");
  events.onmessage = async (event) => {
    hint("");
    const { revision, is_good: isGood } = JSON.parse(event.data);
    if (revision === state.revision) return;
    const areLoading = isGood && isDrawn() && Boolean(state.copy) && !state.copy.refused;
    if (areLoading) void draw(revision);
    await refresh({ areLoading });
    await Promise.all([choosing.refresh(), drawer.refresh()]);
  };
  events.addEventListener("closed", () => {
    events.close();
    hint("The preview has been stopped in the terminal; this is how things stood.");
  });
  events.onerror = () => hint(events.readyState === EventSource.CLOSED ? "The preview has stopped." : "The preview does not answer; trying again.");
}

byId("views").addEventListener("click", (event) => event.target.dataset.view && setLook({ view: event.target.dataset.view }));
byId("schemes").addEventListener("click", (event) => event.target.dataset.scheme && setLook({ scheme: event.target.dataset.scheme }));
byId("images").addEventListener("click", ACTIONS.i);
byId("fold").addEventListener("click", fold);
byId("keys").addEventListener("click", ACTIONS["?"]);
byId("keys-list").append(...KEYS.flatMap(([key, does]) => [el("dt", {}, ...key.split("  ").map((one) => el("kbd", {}, one))), el("dd", {}, does)]));
addEventListener("keydown", pressed);

setLook({});
const { segment } = await ask("state").catch(() => ({}));
await choosing.start(segment);
listen();
