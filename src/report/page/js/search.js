// One stage that measured models: its front, its best so far beside a random search, where trials stand, and all of them as a table.

const MOST_ROWS = 25;

/** The stage that is looked at. */
function stageOf(facts) {
  return facts.stages.find((s) => s.name === ui.stage) || facts.stages[facts.opens];
}

function measuredRows(stage) {
  return stage.rows.filter((r) => r.state === "ready" || r.state === "stopped");
}

function metricNamed(stage, name) {
  return stage.metrics.findIndex((m) => m.name === name);
}

/** The metrics of the two axes: what is to be improved, against another objective or a cost. */
function axesOf(stage) {
  const y = ui.y !== null && metricNamed(stage, ui.y) >= 0 ? metricNamed(stage, ui.y) : (stage.headline ?? 0);
  const wanted = [ui.x, stage.objectives[1], "flops", "params"].map((n) => (n ? metricNamed(stage, n) : -1));
  const x = wanted.find((i) => i >= 0 && i !== y);
  return [x === undefined ? stage.metrics.findIndex((_, i) => i !== y) : x, y];
}

function searchSection(facts) {
  const stage = stageOf(facts);
  if (!stage) {
    return h("section", { id: "search" }, h("h2", null, "The search"), h("p", { class: "empty" }, "Nothing is measured yet."));
  }
  const count = (state) => stage.rows.filter((r) => r.state === state).length;
  const states = [[count("ready"), "measured"], [count("stopped"), "stopped early"], [count("failed"), "failed"], [count("pending"), "pending"]].filter(([n]) => n);
  const measured = measuredRows(stage);
  const named = stage.headline !== null && measured.some((r) => r.v[stage.headline] !== null);
  const parts = [
    facts.stages.length > 1 ? select("stage", "Stage", facts.stages.map((s) => [s.name, `${s.name} (${s.rows.length})`]), stage.name, (v) => { ui.stage = v; draw(current); }) : null,
    h("p", null, h("code", null, stage.name), stage.about ? [", ", prose(stage.about)] : "", ": ", states.map(([n, s]) => `${grouped(n)} ${s}`).join(", "), "."),
    h("ul", { class: "plain" }, stage.searches.map((s, i) => h("li", null, h("span", { class: `dot c${(i % 7) + 1}` }), h("code", null, s.name), s.strategy ? `: ${s.strategy}, ${plural(s.trials, "trial")}${s.space ? ` over ${s.space}` : ""}` : ""))),
    stage.worth ? h("p", { class: stage.luck ? "note warn" : "note" }, `What a score is worth: ${stage.worth}${stage.luck ? ": a ranking by it is mostly luck" : ""}.`) : null,
  ];
  if (!named) {
    parts.push(h("p", { class: "empty" }, "No model of this stage has a figure yet."));
  } else {
    const [x, y] = axesOf(stage);
    const options = stage.metrics.map((m) => [m.name, m.name]);
    if (x >= 0) {
      parts.push(h("h3", null, "The Pareto front"),
        h("div", { class: "controls" },
          select("front-y", "Wanted", options, stage.metrics[y].name, (v) => { ui.y = v; draw(current); }),
          select("front-x", "against", options.filter(([v]) => v !== stage.metrics[y].name), stage.metrics[x].name, (v) => { ui.x = v; draw(current); })),
        chart("front", `${stage.metrics[y].name} against ${stage.metrics[x].name}: ${plural(measured.length, "network")}, those on the line are beaten by no other in both`, narrow() ? 340 : 420,
          () => frontOption(facts, stage, x, y), () => frontTable(stage, x, y)),
        stage.fronts.length ? h("ul", { class: "plain" }, stage.fronts.map((f) => h("li", null, h("code", null, f.sample), `: of ${plural(f.measured, "trial")} ${f.front} on the front of ${f.objectives.join(", ")}; hypervolume ${f.hypervolume.toFixed(3)}`))) : null);
    }
    parts.push(...bestSoFar(stage));
    if (stage.rungs.length) {
      parts.push(h("h3", null, "Where trials were stopped"),
        chart("rungs", `How many trials ended after so many epochs; ${stage.rungs.at(-1)[1]} went to the end`, 220, () => rungsOption(stage), () => [[">epochs", ">trials"], stage.rungs]));
    }
  }
  parts.push(folded("trials", `All ${plural(stage.rows.length, "model")} of ${stage.name}`, () => trialsTable(stage)));
  return h("section", { id: "search", "aria-labelledby": "search-title" }, h("h2", { id: "search-title" }, "The search"), parts);
}

/** What a tooltip says of a model. */
function about(stage, row) {
  const lines = [`<b>${esc(row.model)}</b>${row.state === "stopped" ? " (stopped early)" : ""}`];
  stage.metrics.forEach((m, i) => { if (row.v[i] !== null) lines.push(`${esc(m.name)} ${esc(show(row.v[i], m))}${row.d && row.d[i] ? ` ± ${esc(show(row.d[i], m))}` : ""}`); });
  const chosen = stage.choices.map((c, i) => (row.c[i] >= 0 ? `${esc(c.label)} = ${esc(c.options[row.c[i]])}` : null)).filter(Boolean);
  if (chosen.length) lines.push(`<small>${chosen.slice(0, 14).join("<br>")}${chosen.length > 14 ? `<br>and ${chosen.length - 14} more` : ""}</small>`);
  return lines.join("<br>");
}

/** The winner's row in a stage, and those of the baselines, by name. */
function marked(facts, stage) {
  const winner = facts.network && stage.rows.find((r) => r.model.split(" @")[0] === facts.network.model && r.state === "ready");
  return winner || null;
}

function frontOption(facts, stage, x, y) {
  const [mx, my] = [stage.metrics[x], stage.metrics[y]];
  const all = measuredRows(stage).filter((r) => r.v[x] !== null && r.v[y] !== null);
  const complete = all.filter((r) => r.state === "ready");
  const front = paretoFront(complete.map((r) => [r.v[x], r.v[y]]), !mx.higher, my).map((i) => complete[i]);
  const kept = new Set(front);
  const winner = marked(facts, stage);
  const many = all.length > 800;
  const series = stage.searches.map((s, i) => ({
    name: s.name, type: "scatter", symbolSize: many ? 5 : 9, progressive: 0, itemStyle: { opacity: many ? 0.45 : 0.75, color: palette()[i % 7] },
    data: all.filter((r) => r.s === i && !kept.has(r)).map((r) => ({ value: [r.v[x], r.v[y]], row: r, symbol: r.state === "stopped" ? "emptyCircle" : "circle" })),
  }));
  series.push({
    name: "Pareto front", type: "line", step: mx.higher ? "start" : "end", symbol: "circle", symbolSize: 10, z: 5, lineStyle: { color: color("fg"), width: 1.5 },
    data: front.map((r) => ({ value: [r.v[x], r.v[y]], row: r, itemStyle: { color: palette()[r.s % 7], borderColor: color("fg"), borderWidth: 1.5 } })),
  });
  if (winner && winner.v[x] !== null && winner.v[y] !== null) {
    series.push({ name: "the answer", type: "scatter", symbol: "path://M12 2l3 7h7l-5.600 4.500 2.100 7.500-6.500-4.300-6.500 4.300 2.100-7.500L2 9h7z", symbolSize: 20, z: 6,
      itemStyle: { color: color("star"), borderColor: color("fg"), borderWidth: 1 }, data: [{ value: [winner.v[x], winner.v[y]], row: winner }] });
  }
  return {
    legend: legend([...stage.searches.map((s) => s.name), "Pareto front", ...(series.at(-1).name === "the answer" ? ["the answer"] : [])]),
    grid: { left: 28, right: 20, top: 40, bottom: 36, containLabel: true },
    xAxis: axis(mx.name + (mx.higher ? "" : "  (less is better)"), mx), yAxis: axis(my.name, my, { nameGap: 44 }), dataZoom: zoom(),
    tooltip: { ...base().tooltip, formatter: (p) => (p.data && p.data.row ? about(stage, p.data.row) : "") }, series,
  };
}

function frontTable(stage, x, y) {
  const [mx, my] = [stage.metrics[x], stage.metrics[y]];
  const complete = stage.rows.filter((r) => r.state === "ready");
  const front = paretoFront(complete.map((r) => [r.v[x] ?? NaN, r.v[y] ?? NaN]), !mx.higher, my).map((i) => complete[i]);
  return [["on the front", `>${my.name}`, `>${mx.name}`, ...stage.choices.slice(0, 8).map((c) => c.label)],
    front.map((r) => [r.model, show(r.v[y], my), show(r.v[x], mx), ...stage.choices.slice(0, 8).map((c, i) => (r.c[i] >= 0 ? c.options[r.c[i]] : "–"))])];
}

const ALONG = { trials: "trials", it: "training iterations", w: "training FLOPs" };

/** The best so far by search: [[along, best, row]], against trials or what they cost. */
function progressOf(stage, s, along) {
  const metric = stage.metrics[stage.headline];
  const rows = stage.rows.filter((r) => r.s === s && r.state !== "pending").sort((a, b) => a.t - b.t);
  let [spent, best] = [0, null];
  const points = [];
  rows.forEach((r, i) => {
    spent = along === "trials" ? i + 1 : spent + (r[along] || 0);
    const value = r.v[stage.headline];
    if (value !== null && r.state !== "failed" && (best === null || better(value, best.v[stage.headline], metric))) best = r;
    if (best) points.push([spent, best.v[stage.headline], best]);
  });
  // Steps that change nothing are left out, but for the last.
  return points.filter((p, i) => i === points.length - 1 || i === 0 || p[2] !== points[i - 1][2]);
}

function bestSoFar(stage) {
  const costs = ["it", "w"].filter((k) => stage.rows.some((r) => r[k]));
  const along = costs.includes(ui.along) ? ui.along : "trials";
  const metric = stage.metrics[stage.headline];
  const random = stage.random;
  const label = `Best ${metric.name} so far over ${ALONG[along]}` + (random ? `; beside it the expected best of as many at random, with its 5 to 95 % band, from ${random.from.replaceAll("`", "")}, ${plural(random.trials, "trial")}` : "; this pipeline has no random trials to hold it against");
  return [h("h3", null, "Best so far"),
    costs.length ? h("div", { class: "controls" }, select("along", "Over", [["trials", ALONG.trials], ...costs.map((k) => [k, ALONG[k]])], along, (v) => { ui.along = v; draw(current); })) : null,
    chart("best", label, narrow() ? 320 : 380, () => bestOption(stage, along),
      () => [["search", `>${ALONG[along]}`, `>best ${metric.name}`, "model"], stage.searches.flatMap((s, i) => progressOf(stage, i, along).map((p) => [s.name, along === "trials" ? grouped(p[0]) : si(p[0]), show(p[1], metric), p[2].model]))])];
}

function bestOption(stage, along) {
  const metric = stage.metrics[stage.headline];
  const series = stage.searches.map((s, i) => ({
    name: s.name, type: "line", step: "end", showSymbol: true, symbolSize: 6, lineStyle: { width: 2.5, color: palette()[i % 7] }, itemStyle: { color: palette()[i % 7] }, z: 5,
    data: progressOf(stage, i, along).map((p) => ({ value: [p[0], p[1]], row: p[2] })),
  }));
  const random = stage.random;
  const each = random && { trials: 1, it: random.iterations, w: random.flops }[along];
  if (random && each) {
    const at = (b, k) => [b.n * each, b[k]];
    const grey = color("muted");
    const soft = { lineStyle: { color: grey, width: 1, type: "dotted" }, symbol: "none", silent: true };
    series.push({ name: "at random", type: "line", data: random.curve.map((b) => at(b, "mean")), lineStyle: { color: grey, width: 2, type: "dashed" }, itemStyle: { color: grey }, symbol: random.curve.length < 30 ? "circle" : "none", symbolSize: 4 },
      { name: "at random, 5 %", type: "line", data: random.curve.map((b) => at(b, "low")), ...soft },
      { name: "at random, 95 %", type: "line", data: random.curve.map((b) => at(b, "high")), ...soft });
  }
  return {
    legend: legend([...stage.searches.map((s) => s.name), ...(random && each ? ["at random"] : [])]),
    grid: { left: 28, right: 20, top: 40, bottom: 36, containLabel: true },
    xAxis: axis(ALONG[along], along === "trials" ? null : { unit: "count" }, { scale: false, min: 0 }), yAxis: axis(metric.name, metric, { nameGap: 44 }), dataZoom: zoom(),
    tooltip: { ...base().tooltip, formatter: (p) => (p.data && p.data.row ? `best after ${esc(si(p.value[0]))} ${esc(ALONG[along])}<br>${about(stage, p.data.row)}` : `${esc(p.seriesName)}<br>expected best of ${esc(si(p.value[0]))}: ${esc(show(p.value[1], metric))}`) },
    series,
  };
}

function rungsOption(stage) {
  return {
    grid: { left: 28, right: 16, top: 12, bottom: 36, containLabel: true },
    xAxis: { ...axis("epochs trained"), type: "category", data: stage.rungs.map((r) => String(r[0])) }, yAxis: axis("trials", null, { scale: false }),
    series: [{ type: "bar", name: "trials", data: stage.rungs.map((r) => r[1]), barMaxWidth: 60, label: { show: true, position: "top", color: color("fg") } }],
  };
}

/** All models, best first; of many the first, and more when asked. */
function trialsTable(stage) {
  const y = stage.headline;
  const rank = { ready: 0, stopped: 1, pending: 2, failed: 3 };
  const rows = [...stage.rows].sort((a, b) => rank[a.state] - rank[b.state] || (y === null ? 0 : compare(a.v[y], b.v[y], stage.metrics[y])) || a.t - b.t);
  const body = h("div", null);
  const fill = () => {
    const shown = rows.slice(0, ui.shown);
    body.replaceChildren(table(`Models of ${stage.name}, best first`, ["model", "state", ...stage.metrics.map((m) => `>${m.name}`), ">epochs", "choices"],
      shown.map((r) => [r.model, r.state, ...stage.metrics.map((m, i) => show(r.v[i], m) + (r.d && r.d[i] ? ` ± ${show(r.d[i], m)}` : "")), r.e ?? "–",
        r.why || stage.choices.map((c, i) => (r.c[i] >= 0 ? `${c.label}=${c.options[r.c[i]]}` : null)).filter(Boolean).join(" ")])));
    if (rows.length > shown.length) body.append(h("button", { type: "button", onclick: () => { ui.shown = ui.shown * 10; fill(); } }, `Show more (${grouped(rows.length - shown.length)} left)`));
  };
  fill();
  return body;
}

function compare(a, b, metric) {
  if (a === null || b === null) return (a === null) - (b === null);
  return metric.higher ? b - a : a - b;
}
