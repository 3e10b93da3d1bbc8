// Elements, numbers and the page's two voices; knows no figure. Text enters the page as text nodes alone.

const byId = (id) => document.getElementById(id);
const data = JSON.parse(byId("data").textContent);

function build(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return node;
}

const el = (tag, attributes = {}, ...children) => build(document.createElement(tag), attributes, children);
const svg = (tag, attributes = {}, ...children) =>
  build(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

/**
 * Writes a number with so many digits; nothing is a dash, and a minus is one. As in the tables of Python, what
 * lies just between two numbers becomes the one with the even digit.
 */
function fixed(value, digits = 1) {
  if (value === null || value === undefined) return "–";
  const between = /^50*$/.test(value.toFixed(20).split(".")[1].slice(digits));
  const up = value.toFixed(digits);
  const odd = Number(up.at(-1)) % 2 === 1;
  const text = between && odd ? (value - Math.sign(value) * 0.5 * 10 ** -digits).toFixed(digits) : up;
  return text.replace("-", "−");
}

const percent = (share) => `${Math.round(100 * share)} %`;
const grouped = (value, digits = 0) =>
  value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
const plural = (count, noun) => `${grouped(count)} ${noun}${count === 1 ? "" : "s"}`;
const joined = (words) =>
  words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;

/** The class that gives an agent its colour. */
const hue = (agent) => (agent === undefined ? "published" : `agent-${agent % 8}`);
const swatch = (agent) => el("i", { class: `swatch ${hue(agent)}`, "aria-hidden": "true" });
/** The numbers of a row's footnotes, as [1, 2]. */
const noteMarks = ({ notes }) => `[${notes.join(", ")}]`;
const publishedTag = () => el("span", { class: "tag" }, "published");

/** Tells a screen reader; the page looks as before. */
function say(text) {
  byId("said").textContent = text;
}

/** Shows a box beside a point of the window. */
function showTip(x, y, ...children) {
  const tip = byId("tip");
  tip.replaceChildren(...children);
  tip.hidden = false;
  const { width, height } = tip.getBoundingClientRect();
  const room = document.documentElement.clientWidth;
  const left = x + 14 + width < room ? x + 14 : Math.max(6, Math.min(x - width - 14, room - width - 6));
  tip.style.left = `${left}px`;
  tip.style.top = `${Math.max(6, Math.min(y - height / 2, innerHeight - height - 6))}px`;
}

function hideTip() {
  byId("tip").hidden = true;
}

/** A table in a box that scrolls by itself. Cells that are no text are put in as they are. */
function table(caption, heads, rows) {
  const head = heads.map((text, place) => el("th", { scope: "col", class: place ? "number" : null }, text));
  const body = rows.map((cells) =>
    el("tr", {}, cells.map((cell, place) =>
      place ? el("td", { class: "number" }, cell) : el("th", { scope: "row" }, cell))));
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    el("table", {}, el("caption", { class: "unseen" }, caption),
      el("thead", {}, el("tr", {}, head)), el("tbody", {}, body)));
}

/** The numbers of a figure, folded away. */
const numbers = (caption, heads, rows) =>
  el("details", { class: "numbers" }, el("summary", {}, "The numbers as a table"), table(caption, heads, rows));

/** Moves the one place that Tab reaches among items, and the focus with it. */
function rove(items, next) {
  for (const item of items) item.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}
