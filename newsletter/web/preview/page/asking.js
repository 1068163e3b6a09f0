// Everything that is asked of the program behind the page, and small tools for the page itself.

/** What the program refused, as findings that people can read. */
export class Refused extends Error {
  constructor(findings) {
    super(findings.map(sentence).join("\n"));
    this.findings = findings;
  }
}

export const byId = (id) => document.getElementById(id);

export const sentence = ({ message, fix }) => (fix ? `${message}; ${fix}` : message);

export const place = ({ path, line, column }) => [path, line, column].filter((part) => part != null).join(":");

export const count = (number, one, many = `${one}s`) => `${number.toLocaleString("en")} ${number === 1 ? one : many}`;

/** An element. Text goes in as text, never as markup. */
export function el(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-") || name === "role") made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children.filter((child) => child != null));
  return made;
}

export function address(path, values = {}) {
  const known = Object.entries(values).filter(([, value]) => value != null);
  return known.length ? `${path}?${new URLSearchParams(known)}` : path;
}

async function answered(request) {
  const response = await request;
  if (response.ok) return response;
  const said = await response.json().catch(() => ({}));
  throw new Refused(said.findings ?? [{ message: `the preview answered with ${response.status}`, fix: "reload the page" }]);
}

export const ask = async (path, values) => (await answered(fetch(address(path, values)))).json();

export const askText = async (path, values) => (await answered(fetch(address(path, values)))).text();

export const tell = async (path, body) =>
  (await answered(fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }))).json();
