// Learning curves, whether rankings can be trusted, and what the winner sees beside the truth.

const MOST_CURVES = 120;
const STATUS = { interrupted: "not at its end" };

function trainingSection(facts) {
  if (!facts.courses.length) return null;
  const stages = [...new Set(facts.courses.map((c) => c.stage))];
  const stage = stages.includes(ui.course) ? ui.course : stages[0];
  const all = facts.courses.filter((c) => c.stage === stage);
  const last = (c) => c.loss.at(-1) ?? Infinity;
  const winner = facts.network ? facts.network.model : null;
  const sorted = [...all].sort((a, b) => (b.model === winner) - (a.model === winner) || (last(a) ?? Infinity) - (last(b) ?? Infinity));
  // Of many, evenly from the best to the worst.
  const step = Math.max(1, Math.ceil(sorted.length / MOST_CURVES));
  const shown = sorted.filter((c, i) => i % step === 0 || c.model === winner);
  const count = (status) => all.filter((c) => c.status === status).length;
  const odd = [[count("diverged"), "diverged"], [count("interrupted"), "not at their end"]].filter(([n]) => n).map(([n, s]) => `${n} ${s}`);
  const left = all.length - shown.length + (facts.courses_left_out || 0);
  return h("section", { id: "training", "aria-labelledby": "training-title" }, h("h2", { id: "training-title" }, "Learning curves"),
    stages.length > 1 ? select("course", "Training", stages.map((s) => [s, s]), stage, (v) => { ui.course = v; draw(current); }) : null,
    h("p", null, `${plural(all.length, "training")} of ${stage}${odd.length ? ` (${odd.join(", ")})` : ""}: the mean loss of every epoch.${left ? ` ${grouped(left)} are not drawn.` : ""}`),
    chart("curves", `Training loss over epochs: ${stage}${winner && shown.some((c) => c.model === winner) ? `; the winner, ${winner}, is the thick line` : ""}`, narrow() ? 320 : 380, () => curvesOption(shown, winner),
      () => [["model", ">seed", "status", ">epochs", ">first loss", ">last loss"], sorted.slice(0, 500).map((c) => [c.model, c.seed, STATUS[c.status] || c.status, c.loss.length, (c.loss[0] ?? NaN).toFixed(4), (c.loss.at(-1) ?? NaN).toFixed(4)])]));
}

function curvesOption(shown, winner) {
  const ends = shown.map((c) => c.loss.length);
  const series = shown.map((c, i) => ({
    name: c.model, type: "line", symbol: "none", z: c.model === winner ? 6 : 2, triggerLineEvent: true,
    lineStyle: c.model === winner ? { width: 3.5, color: color("c1") } : { width: 1.2, opacity: shown.length > 30 ? 0.45 : 0.8, color: c.status === "diverged" ? color("bad") : palette()[(i + 1) % 7], type: c.status === "interrupted" ? "dashed" : "solid" },
    data: c.loss.map((v, e) => [e + 1, v]),
  }));
  return {
    grid: { left: 28, right: 20, top: 16, bottom: 36, containLabel: true },
    xAxis: axis("epoch", null, { scale: false, min: 1, max: Math.max(2, ...ends), minInterval: 1 }), yAxis: axis("loss", null, { nameGap: 44 }), dataZoom: zoom(),
    tooltip: { ...base().tooltip, formatter: (p) => { const c = shown[p.seriesIndex]; return `<b>${esc(c.model)}</b>, seed ${esc(c.seed)}, ${esc(STATUS[c.status] || c.status)}<br>${plural(c.loss.length, "epoch")}, last loss ${esc((c.loss.at(-1) ?? NaN).toFixed(4))}`; } },
    series,
  };
}

function trustSection(facts) {
  if (!facts.trust.length) return null;
  const parts = facts.trust.map((t, n) => {
    const title = `${t.ranking} against ${t.truth}`;
    const using = t.using === t.metric ? t.metric : `${t.using} against ${t.metric}`;
    if (!t.predictors.length) return [h("h3", null, title), h("p", { class: "empty" }, `${plural(t.networks, "network")} in common: too few to say anything of the ranking.`)];
    const rows = t.predictors.map((p) => [p.name, p.kendall === null ? "no order" : p.kendall.toFixed(3), p.interval ? `${p.interval[0].toFixed(3)} to ${p.interval[1].toFixed(3)}` : "–", p.spearman === null ? "–" : p.spearman.toFixed(3)]);
    const scatter = pairs(facts, t);
    return [h("h3", null, title),
      h("p", null, `${plural(t.networks, "network")} by ${using}${t.complete ? "" : ", so far"}. 1 is the same order, 0 none in common.${t.networks < 10 ? " So few networks leave these figures unsure." : ""}${t.left_out ? ` ${t["left-out"]} left out.` : ""}`),
      h("div", { class: "pair" },
        chart(`trust-${n}`, `Kendall's tau with ${t.truth} (95 %): the ranking, and what size alone would say`, 100 + 34 * rows.length, () => tauOption(t), () => [["ranked by", ">tau", ">95 %", ">rho"], rows]),
        scatter.length ? chart(`agreement-${n}`, `${t.using} in ${t.ranking} against ${t.metric} in ${t.truth}`, 300, () => agreementOption(t, scatter), () => [["network", `>${t.ranking}`, `>${t.truth}`], scatter.map((p) => [p[2], p[0].toFixed(3), p[1].toFixed(3)])]) : null),
      t["random-search"] ? h("p", { class: "note" }, `Random search at equal cost: for the images of the supernet's training ${plural(t["random-search"].trainings, "network")} could have been trained alone; the best of ${t["random-search"].drawn} of these has ${t["random-search"].random.toFixed(3)}, the ranking's first ${t["random-search"].first.toFixed(3)}.`) : null];
  });
  return h("section", { id: "trust", "aria-labelledby": "trust-title" }, h("h2", { id: "trust-title" }, "Can the ranking be trusted?"), parts);
}

/** Networks that both stages have measured: [ranking's figure, truth's, name]. */
function pairs(facts, t) {
  const of = (name) => facts.stages.find((s) => s.name === name);
  const [ranking, truth] = [of(t.ranking), of(t.truth)];
  if (!ranking || !truth) return [];
  const [i, j] = [metricNamed(ranking, t.using), metricNamed(truth, t.metric)];
  const known = new Map(ranking.rows.filter((r) => i >= 0 && r.v[i] !== null).map((r) => [r.a, r]));
  return truth.rows.filter((r) => j >= 0 && r.v[j] !== null && known.has(r.a)).map((r) => [known.get(r.a).v[i], r.v[j], r.model]);
}

function tauOption(t) {
  const shown = t.predictors.map((p, i) => ({ p, i })).filter(({ p }) => p.kendall !== null);
  return {
    grid: { left: 8, right: 24, top: 8, bottom: 36, containLabel: true },
    xAxis: axis("tau", null, { min: -1, max: 1, scale: false }), yAxis: names(t.predictors.map((p) => p.name)),
    tooltip: { ...base().tooltip, formatter: (p) => { const q = t.predictors[p.value[1]]; return q ? `<b>${esc(q.name)}</b><br>tau ${q.kendall.toFixed(3)}` : ""; } },
    series: [
      { name: "tau", type: "scatter", symbolSize: 12, z: 4, data: shown.map(({ p, i }) => ({ value: [p.kendall, i], itemStyle: { color: i ? color("muted") : color("c1") } })), markLine: { silent: true, symbol: "none", label: { show: false }, lineStyle: { color: color("fg"), type: "dashed" }, data: [{ xAxis: 0 }] } },
      intervals("95 % interval", shown.flatMap(({ p, i }) => (p.interval ? [[i, p.interval[0], p.interval[1]]] : [])), true),
    ],
  };
}

function agreementOption(t, scatter) {
  return {
    grid: { left: 28, right: 16, top: 12, bottom: 36, containLabel: true },
    xAxis: axis(`${t.using} in ${t.ranking}`), yAxis: axis(`${t.metric} in ${t.truth}`, null, { nameGap: 44 }),
    tooltip: { ...base().tooltip, formatter: (p) => `<b>${esc(scatter[p.dataIndex][2])}</b><br>${p.value[0].toFixed(3)}, ${p.value[1].toFixed(3)}` },
    series: [{ type: "scatter", name: "networks", symbolSize: 8, data: scatter.map((p) => [p[0], p[1]]) }],
  };
}

// Boxes are drawn over the pictures: the truth dashed, what was found solid in its class's colour.
function picturesSection(facts) {
  const p = facts.pictures;
  if (!p || !p.images.length) return null;
  const detects = p.images.some((i) => i.truth.length || i.found.length);
  const name = (c) => p.classes[c] ?? String(c);
  const list = h("div", { class: `pictures boxes-${ui.boxes}` }, p.images.map((image) => {
    const [w, hgt] = [image.width, image.height];
    const right = image.guesses.length && image.guesses[0][0] === image.label;
    const said = detects ? `${plural(image.truth.length, "true object")}, ${image.found.length} found`
      : `true: ${name(image.label)}; predicted: ${image.guesses.map(([c, q]) => `${name(c)} ${percent(q)}`).join(", ")}`;
    const box = ([x1, y1, x2, y2, c, score]) => {
      const kind = score === undefined ? "truth" : "found";
      const frame = svg("rect", { x: x1, y: y1, width: Math.max(x2 - x1, 0.5), height: Math.max(y2 - y1, 0.5), class: `${kind} c${(c % 7) + 1}` });
      frame.append(svg("title", {}, kind === "truth" ? `truth: ${name(c)}` : `${name(c)} ${score.toFixed(2)}`));
      return frame;
    };
    const tag = ([x1, y1, , , c, score]) => svg("text", { x: x1 + 1, y: Math.max(y1 - 2, 8), class: `found c${(c % 7) + 1}` }, `${name(c)} ${score.toFixed(2)}`);
    const few = image.found.length <= 8;
    const drawing = svg("svg", { viewBox: `0 0 ${w} ${hgt}`, role: "img", "aria-label": `${image.name}: ${said}` }, svg("image", { href: image.data, width: w, height: hgt }), ...image.truth.map(box), ...image.found.map(box), ...(few ? image.found.map(tag) : []));
    return h("figure", { class: "picture" }, drawing, h("figcaption", null, detects ? `${image.name}: ${said}` : h("span", { class: right ? "right" : "wrong" }, `${right ? "✓" : "✗"} ${said}`)));
  }));
  const choose = (v) => { ui.boxes = v; list.className = `pictures boxes-${v}`; };
  return h("section", { id: "pictures", "aria-labelledby": "pictures-title" }, h("h2", { id: "pictures-title" }, "What the winner sees"), h("p", null, prose(p.about)),
    detects ? h("div", { class: "controls" }, select("boxes", "Show", [["both", "truth (dashed) and predictions (solid)"], ["truth", "truth"], ["found", "predictions"]], ui.boxes, choose)) : null, list,
    detects ? h("p", { class: "plain" }, p.classes.slice(0, 30).map((c, i) => [h("span", { class: `dot c${(i % 7) + 1}` }), c, " "])) : null);
}
