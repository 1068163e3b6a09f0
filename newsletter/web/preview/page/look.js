// What is looked at, and how: kept in the address, so that reloading the page changes nothing.

const START = { view: "all", scheme: "light", images: "on", panel: "on", whose: "all", reader: "", interests: "", stories: "", segment: "" };

const written = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
const values = { ...START, ...written };

export const look = {
  /** true when the page was opened afresh, so that the command's wishes count */
  fresh: !location.hash,

  get: (name) => values[name],

  set(changes) {
    Object.assign(values, changes);
    const changed = Object.entries(values).filter(([name, value]) => name === "view" || value !== START[name]);
    history.replaceState(null, "", `#${new URLSearchParams(changed)}`);
  },

  /** Whose copy, as the program wants to be asked. */
  whose() {
    if (values.whose === "reader" && values.reader) return { reader: values.reader };
    if (values.whose === "interests" && values.interests) return { interests: values.interests };
    if (values.whose === "edition" && values.stories !== "") return { stories: values.stories === "none" ? "" : values.stories };
    return {};
  },
};
