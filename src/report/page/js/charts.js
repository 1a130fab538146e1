// Charts: a container that stays while facts change, in the page's colours, with a table below for those who cannot see it.

const charts = new Map();
let darkNow = false;

function isDark() {
  const asked = params.get("theme");
  if (asked === "dark" || asked === "light") return asked === "dark";
  return window.matchMedia && matchMedia("(prefers-color-scheme: dark)").matches;
}

function color(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** The colours of searches, one each (Okabe and Ito's, which colour-blind readers tell apart). */
function palette() {
  return [1, 2, 3, 4, 5, 6, 7].map((i) => color(`c${i}`));
}

function narrow() {
  return window.innerWidth < 640;
}

/**
 * A figure with a chart. `option(facts)` gives ECharts' option; `rows(facts)` the table below: [head, rows].
 * The element is made once for an id; later calls hand in newer facts.
 */
function chart(id, label, height, option, rows) {
  let known = charts.get(id);
  if (!known) {
    const canvas = h("div", { class: "chart", id: `chart-${id}`, role: "img", style: `height:${height}px` });
    const figure = h("figure", { id }, canvas, h("figcaption", null));
    known = { canvas, figure, instance: null };
    charts.set(id, known);
  }
  known.canvas.setAttribute("aria-label", label);
  known.canvas.style.height = `${height}px`;
  const caption = known.figure.querySelector("figcaption");
  caption.replaceChildren(label);
  const old = known.figure.querySelector("details");
  if (old) old.remove();
  if (rows) known.figure.append(folded(`${id}-table`, "As a table", () => { const [head, all] = rows(); return table(label, head, all); }));
  known.option = option;
  known.used = true;
  return known.figure;
}

let queue = [];
let pending = null;

/**
 * Draws all charts that are in the page: those in sight at once, so that the page can be read, the others one after the other behind it.
 * `data-drawn` counts them; `data-ms` is when the first could be read, `data-all-ms` when all were there.
 */
function paint() {
  const all = [...charts].filter(([, known]) => known.used && known.canvas.isConnected);
  const seen = ([, known]) => { const box = known.canvas.getBoundingClientRect(); return box.top < window.innerHeight && box.bottom > 0; };
  all.filter(seen).forEach(paintOne);
  queue = all.filter((entry) => !seen(entry));
  if (!document.body.dataset.ms) document.body.dataset.ms = String(Math.round(performance.now()));
  clearTimeout(pending);
  pending = setTimeout(next, 0);
}

function next() {
  const entry = queue.shift();
  if (entry) {
    paintOne(entry);
    pending = setTimeout(next, 0);
    return;
  }
  document.body.dataset.drawn = String([...charts.values()].filter((known) => known.drawn && known.used).length);
  if (!document.body.dataset.allMs) document.body.dataset.allMs = String(Math.round(performance.now()));
}

function paintOne([id, known]) {
  try {
    if (!known.instance) known.instance = echarts.init(known.canvas, null, { renderer: "canvas" });
    else known.instance.resize();
    const option = { ...base(), ...known.option() };
    // Whole lists of series and axes are replaced; zoom, a merged component, keeps its state.
    known.instance.setOption(option, { replaceMerge: ["series", "xAxis", "yAxis", "grid", "parallelAxis", "legend"] });
    known.drawn = true;
  } catch (error) {
    fail(`${id}: ${error.message}`);
  }
}

/** What all charts have in common. */
function base() {
  return {
    animation: false,
    color: palette(),
    backgroundColor: "transparent",
    textStyle: { color: color("fg"), fontFamily: "inherit" },
    grid: { left: 8, right: 16, top: 36, bottom: 8, containLabel: true },
    tooltip: {
      trigger: "item", confine: true, backgroundColor: color("card"), borderColor: color("line"),
      textStyle: { color: color("fg"), fontSize: 12 }, extraCssText: "max-width:min(26rem,80vw);white-space:normal;",
    },
  };
}

function legend(names, more) {
  return { data: names, type: "scroll", top: 0, textStyle: { color: color("fg") }, pageTextStyle: { color: color("fg") }, ...more };
}

function axis(name, metric, more) {
  return {
    type: "value", name, nameLocation: "middle", nameGap: 30, scale: true, nameTextStyle: { color: color("muted") },
    axisLine: { lineStyle: { color: color("line") } }, splitLine: { lineStyle: { color: color("line"), opacity: 0.5 } },
    axisLabel: { color: color("muted"), hideOverlap: true, formatter: (v) => label(v, metric) }, ...more,
  };
}

/** A value at an axis: no more digits than needed. */
function label(value, metric) {
  const unit = metric && metric.unit;
  if (unit === "count" || unit === "bytes" || Math.abs(value) >= 10000) return si(value);
  return String(Number(value.toPrecision(4)));
}

/** Zoom by wheel and pinch, inside the chart. */
function zoom() {
  return [{ type: "inside", id: "zoom-x", xAxisIndex: 0, filterMode: "none", zoomOnMouseWheel: "ctrl", moveOnMouseMove: "shift" },
    { type: "inside", id: "zoom-y", yAxisIndex: 0, filterMode: "none", zoomOnMouseWheel: "ctrl", moveOnMouseMove: "shift" }];
}

/** Nothing to see at 0, so that an axis of differences holds it. */
function zero() {
  return { name: "zero", type: "scatter", silent: true, symbolSize: 0, data: [[0, 0]], tooltip: { show: false } };
}

/** An interval as a line with ends, at [position, low, high]; `across` where values run along x. */
function intervals(name, data, across, style) {
  return {
    name, type: "custom", silent: true, data, z: 3, encode: across ? { x: [1, 2], y: 0 } : { x: 0, y: [1, 2] },
    renderItem: (_, api) => {
      const at = (v) => api.coord(across ? [v, api.value(0)] : [api.value(0), v]);
      const [a, b] = [at(api.value(1)), at(api.value(2))];
      if (!a.concat(b).every(Number.isFinite)) return null;
      const cap = (p) => (across ? { x1: p[0], x2: p[0], y1: p[1] - 5, y2: p[1] + 5 } : { x1: p[0] - 5, x2: p[0] + 5, y1: p[1], y2: p[1] });
      const line = (shape) => ({ type: "line", shape, style: { stroke: style || color("fg"), lineWidth: 1.5 } });
      return { type: "group", children: [line({ x1: a[0], y1: a[1], x2: b[0], y2: b[1] }), line(cap(a)), line(cap(b))] };
    },
  };
}
