// Whose copy: everybody's, a reader's, that of some interests, or one of the distinct editions of a segment.

import { ask, byId, count, el, sentence } from "./asking.js";
import { look } from "./look.js";

const PAUSE = 120;

export class Choosing {
  constructor(changed) {
    this.changed = changed;
    this.tags = [];
    this.editions = [];
    this.turn = 0;
    for (const button of byId("whose").children) button.addEventListener("click", () => this.choose(button.dataset.whose, true));
    const reader = byId("reader");
    reader.addEventListener("input", () => this.typed());
    reader.addEventListener("change", () => this.pickReader());
    reader.form.addEventListener("submit", (event) => (event.preventDefault(), this.pickReader()));
    byId("tag-search").addEventListener("input", () => this.drawTags());
    byId("segment").form.addEventListener("submit", (event) => (event.preventDefault(), this.loadEditions(byId("segment").value.trim())));
  }

  start(segment) {
    if (look.fresh && segment) look.set({ whose: "edition", segment });
    byId("reader").value = look.get("reader");
    byId("segment").value = look.get("segment") || segment || "";
    return this.choose(look.get("whose"), false);
  }

  async choose(whose, focus) {
    look.set({ whose });
    for (const button of byId("whose").children) button.setAttribute("aria-pressed", String(button.dataset.whose === whose));
    for (const box of document.querySelectorAll("[data-choice]")) box.hidden = box.dataset.choice !== whose;
    if (focus) document.querySelector(`[data-choice="${whose}"] input`)?.focus();
    this.changed();
    await this.refresh();
  }

  /** After the files have changed: what there is to choose from may be different. */
  async refresh() {
    try {
      if (look.get("whose") === "interests") await this.loadTags();
      if (look.get("whose") === "edition") await this.loadEditions(look.get("segment"));
    } catch (error) {
      this.say(error.message);
    }
  }

  say(text) {
    byId("whose-said").textContent = text;
  }

  /** What the program said about the copy that was chosen. */
  told(state) {
    const copy = state.copy;
    const whose = look.get("whose");
    if (!copy) return;
    if (copy.refused) this.say(copy.refused.map(sentence).join("\n"));
    else if (whose === "reader") this.say(this.aboutReader(state));
    else if (whose === "interests") this.say(look.get("interests") ? `Gets ${this.storyCount(state)}.` : "Choose some; without any a reader gets every story.");
    else if (whose !== "edition") this.say("");
  }

  aboutReader(state) {
    if (!state.has_store) return "There are no readers yet: newsletter subscribers import brings them in.";
    if (!look.get("reader")) return "Type a few letters and choose.";
    const { name, interests } = state.copy;
    const follows = interests.length ? `follows ${interests.join(", ")}` : "follows everything";
    return `${name || "No name"}: ${follows}. Gets ${this.storyCount(state)}.`;
  }

  storyCount(state) {
    return state.stories.length ? `${state.copy.stories} of ${count(state.stories.length, "story", "stories")}` : "the whole update";
  }

  typed() {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.suggest(), PAUSE);
  }

  async suggest() {
    try {
      const found = await ask("readers", { like: byId("reader").value });
      byId("readers").replaceChildren(...found.map(({ email, name }) => el("option", { value: email, label: name })));
    } catch (error) {
      this.say(error.message);
    }
  }

  pickReader() {
    const reader = byId("reader").value.trim();
    if (reader === look.get("reader")) return;
    look.set({ reader });
    this.changed();
  }

  async loadTags() {
    this.tags = await ask("tags");
    this.drawTags();
  }

  drawTags() {
    const wanted = byId("tag-search").value.trim().toLocaleLowerCase();
    const held = new Set(look.get("interests").split(",").filter(Boolean));
    const shown = this.tags.filter((tag) => held.has(tag.slug) || tag.words.includes(wanted));
    shown.sort((one, other) => held.has(other.slug) - held.has(one.slug));
    const focused = document.activeElement?.value;
    byId("tags").replaceChildren(...shown.map((tag) => this.tagEntry(tag, held)));
    if (document.activeElement === document.body) byId("tags").querySelector(`input[value="${CSS.escape(focused ?? "")}"]`)?.focus();
  }

  tagEntry(tag, held) {
    const box = el("input", { type: "checkbox", value: tag.slug, checked: held.has(tag.slug) });
    box.addEventListener("change", () => {
      box.checked ? held.add(tag.slug) : held.delete(tag.slug);
      look.set({ interests: [...held].join(",") });
      this.changed();
    });
    return el("label", {}, box, tag.name, tag.offered ? null : el("small", {}, "not offered"));
  }

  /** An answer that was overtaken by a newer question is dropped. */
  async loadEditions(segment) {
    look.set({ segment });
    const mine = ++this.turn;
    const found = segment && (await ask("editions", { segment }).catch((error) => ({ editions: [], said: error.message })));
    if (!found || mine !== this.turn) return;
    if (found.said) {
      byId("editions").replaceChildren();
      this.say(found.said);
    } else {
      this.drawEditions(found);
    }
  }

  drawEditions(found) {
    const before = this.editions.findIndex((edition) => this.key(edition) === look.get("stories"));
    const known = found.editions.some((edition) => this.key(edition) === look.get("stories"));
    this.editions = found.editions;
    if (!known) {
      const fallback = found.editions[Math.min(Math.max(before, 0), found.editions.length - 1)];
      look.set({ stories: fallback ? this.key(fallback) : "" });
      this.changed();
    }
    const most = Math.max(1, ...found.editions.map((edition) => edition.readers));
    byId("editions").replaceChildren(...found.editions.map((edition) => this.editionEntry(edition, most)));
    const skipped = Object.values(found.skipped).reduce((sum, number) => sum + number, 0);
    this.say(`${count(found.editions.length, "edition")} for ${count(found.planned, "reader")}; ${count(skipped, "reader")} left out.`);
  }

  key(edition) {
    return edition.stories.join(",") || "none";
  }

  editionEntry(edition, most) {
    const stories = edition.stories.length ? `${count(edition.stories.length, "story", "stories")}: ${edition.stories.join(" ")}` : "the whole update";
    const bar = el("i");
    bar.style.width = `calc(${(edition.readers / most) * 100}% - 12px)`;
    const button = el(
      "button",
      { type: "button", title: edition.subject, "aria-pressed": String(this.key(edition) === look.get("stories")) },
      count(edition.readers, "reader"),
      el("small", {}, stories),
      bar,
    );
    button.addEventListener("click", () => {
      look.set({ stories: this.key(edition) });
      for (const other of byId("editions").children) other.setAttribute("aria-pressed", String(other === button));
      this.changed();
    });
    return button;
  }
}
