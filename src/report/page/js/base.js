// Elements, numbers and state. Names in facts are hostile: text becomes text nodes, never HTML; what a tooltip needs as HTML goes through esc().

const page = document.getElementById("page");
const params = new URLSearchParams(location.search);

/** What a reader has chosen; kept while newer facts come in. */
const ui = { stage: null, x: null, y: null, along: "trials", choice: null, shown: 25, open: {}, boxes: "both" };

window.addEventListener("error", (event) => fail(event.message || "error"));
window.addEventListener("unhandledrejection", (event) => fail(String(event.reason)));

/** What went wrong stands in the page, for tests and for whoever asks. */
function fail(message) {
  document.body.dataset.error = ((document.body.dataset.error || "") + " " + message).trim();
}

/** An element: attributes, listeners (`onclick`), children; strings are text. */
function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children.flat(3)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
  return element;
}

function svg(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

/** Text for the HTML of a tooltip. */
function esc(text) {
  return String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

/** Words between backquotes as code. */
function prose(text) {
  return String(text).split("`").map((part, i) => (i % 2 ? h("code", null, part) : part));
}

/** Three significant digits with a decimal prefix. */
function si(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  for (const [limit, unit] of [[1e18, "E"], [1e15, "P"], [1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]]) {
    if (Math.abs(value) >= limit) return `${Number((value / limit).toPrecision(3))} ${unit}`;
  }
  return String(Number(value.toPrecision(3)));
}

/** A value in its metric's unit. */
function show(value, metric) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  switch (metric && metric.unit) {
    case "count": return si(value);
    case "bytes": return `${si(value)}B`;
    case "ms": return `${value.toFixed(1)} ms`;
    case "per-second": return `${value.toFixed(0)} /s`;
    case "share": return value.toFixed(3);
    default: return Math.abs(value) >= 1000 ? si(value) : value.toFixed(3);
  }
}

function percent(share) {
  return share === null || share === undefined ? "–" : `${(100 * share).toFixed(0)} %`;
}

function duration(seconds) {
  const s = Math.round(seconds);
  if (seconds < 1) return `${seconds.toFixed(1)} s`;
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}

function grouped(n) {
  return Math.round(n).toString().replace(/\B(?=(\d{3})+$)/g, ",");
}

function plural(n, noun) {
  return `${grouped(n)} ${noun}${n === 1 ? "" : "s"}`;
}

/** A table: head cells (a leading ">" aligns right), rows of cells. */
function table(caption, head, rows) {
  const right = head.map((cell) => typeof cell === "string" && cell.startsWith(">"));
  const name = (cell) => (typeof cell === "string" ? cell.replace(/^>/, "") : cell);
  const cell = (tag) => (content, i) => h(tag, { class: right[i] ? "number" : null, scope: tag === "th" ? "col" : null }, content);
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    h("table", null,
      h("caption", null, caption),
      h("thead", null, h("tr", null, head.map(name).map(cell("th")))),
      h("tbody", null, rows.map((row) => h("tr", row.attributes || null, (row.cells || row).map(cell("td")))))));
}

/** Something that can be unfolded, and stays so when newer facts come; `make` is called when it is opened first. */
function folded(id, title, make) {
  const details = h("details", { id, open: ui.open[id] }, h("summary", null, title));
  const fill = () => { if (details.childElementCount === 1) details.append(...[make()].flat()); };
  if (ui.open[id]) fill();
  details.addEventListener("toggle", () => { ui.open[id] = details.open; if (details.open) fill(); });
  return details;
}

/** A choice among options: [value, text] each. */
function select(id, label, options, value, change) {
  const list = h("select", { id, onchange: (event) => change(event.target.value) },
    options.map(([v, text]) => h("option", { value: v, selected: String(v) === String(value) }, text)));
  return h("label", { class: "control", for: id }, `${label} `, list);
}

/** The better of two values of a metric. */
function better(a, b, metric) {
  return metric.higher ? a > b : a < b;
}

/** Indices of the points [x, y] that no other dominates, by x; `least` says that a lesser x is better. */
function paretoFront(points, least, metric) {
  const order = points.map((_, i) => i).filter((i) => Number.isFinite(points[i][0]) && Number.isFinite(points[i][1]));
  const y = (i) => (metric.higher ? points[i][1] : -points[i][1]);
  const x = (i) => (least ? points[i][0] : -points[i][0]);
  order.sort((a, b) => x(a) - x(b) || y(b) - y(a));
  const front = [];
  let best = -Infinity;
  for (const i of order) if (y(i) > best) { best = y(i); front.push(i); }
  return front;
}
