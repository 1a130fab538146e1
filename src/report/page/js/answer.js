// The question, the answer, and how it compares: what a reader wants at one glance.

const TONES = { good: "Better", bad: "Worse", unsure: "Not surely better", none: "" };
const VERDICTS = { better: "better", worse: "worse", "no-better": "not surely better", "not-tested": "not tested", pending: "to be compared", same: "the same network", failed: "failed" };

function head(facts) {
  const p = facts.progress;
  const share = p.known ? p.done / p.known : 0;
  const bar = p.state !== "finished" && p.known > 0
    ? h("div", { class: "bar", role: "progressbar", "aria-valuenow": p.done, "aria-valuemin": 0, "aria-valuemax": p.known, "aria-label": p.line },
      h("span", { style: `width:${(100 * share).toFixed(1)}%` }))
    : null;
  return h("header", null,
    h("h1", null, facts.pipeline || "search"),
    h("p", { class: "status" }, h("span", { class: `pill ${p.state}` }, p.state), " ", p.line),
    bar,
    p.running.length ? h("ul", { class: "running" }, p.running.map((line) => h("li", null, line))) : null,
    h("div", { class: "question" }, facts.question.map((line, i) => h("p", i ? null : { class: "first" }, prose(line)))));
}

function answerSection(facts) {
  const some = facts.answer && facts.answer.baselines.some((b) => b.verdict === "better");
  const tone = facts.tone === "unsure" && some ? "Not surely better than all" : TONES[facts.tone];
  const parts = [
    h("p", { class: `headline ${facts.tone}` }, tone ? h("strong", null, `${tone}. `) : null, prose(facts.headline)),
    facts.because.length ? h("ul", { class: "because" }, facts.because.map((line) => h("li", null, prose(line)))) : null,
  ];
  const a = facts.answer;
  if (a) {
    const scored = [{ name: a.name, values: a.values, mean: a.mean, deviation: a.deviation, own: true }, ...a.baselines.filter((b) => b.values.length)];
    const between = a.baselines.filter((b) => b.values.length && b.verdict !== "same");
    const height = (n) => 84 + 38 * n;
    parts.push(h("div", { class: "pair" },
      chart("answer-values", `${a.metric.name} in ${a.stage}: every training, and the mean`, height(scored.length), () => valuesOption(a, scored),
        () => [["", ">mean", ">deviation", "every training"],
          scored.map((s) => [s.name, show(s.mean, a.metric), s.deviation === null ? "–" : show(s.deviation, a.metric), s.values.map((v) => show(v, a.metric)).join(", ")])]),
      between.length ? chart("answer-differences", `${a.name} minus what it is held against: ${a.metric.name}, 95 % intervals`, height(between.length), () => differencesOption(a, between),
        () => [["against", ">difference", ">95 % interval", ">FLOPs of the answer ÷ its own", "verdict"],
          between.map((b) => [b.name, show(b.difference, a.metric), b.interval ? `${show(b.interval[0], a.metric)} to ${show(b.interval[1], a.metric)}` : "not tested", b.cost_ratio.toFixed(2), VERDICTS[b.verdict]])]) : null));
  }
  parts.push(folded("said", "In the words of nasflow show", () => h("pre", null, facts.said.join("\n"))));
  return h("section", { id: "answer", "aria-labelledby": "answer-title" }, h("h2", { id: "answer-title" }, "The answer"), parts);
}

function names(list) {
  return {
    type: "category", inverse: true, data: list, axisLine: { lineStyle: { color: color("line") } }, axisTick: { show: false },
    axisLabel: { color: color("fg"), width: narrow() ? 90 : 170, overflow: "truncate" },
  };
}

function valuesOption(a, scored) {
  const points = scored.flatMap((s, i) => s.values.map((v) => ({ value: [v, i], itemStyle: { color: s.own ? color("c1") : color("muted"), opacity: 0.65 } })));
  const means = scored.map((s, i) => ({ value: [s.mean, i], itemStyle: { color: s.own ? color("c1") : color("fg") } }));
  return {
    grid: { left: 8, right: 24, top: 8, bottom: 36, containLabel: true },
    xAxis: axis(a.metric.name, a.metric), yAxis: names(scored.map((s) => s.name)),
    tooltip: { ...base().tooltip, formatter: (p) => `<b>${esc(scored[p.value[1]].name)}</b><br>${esc(p.seriesName)}: ${esc(show(p.value[0], a.metric))}` },
    series: [{ name: "one training", type: "scatter", data: points, symbolSize: 9 }, { name: "mean", type: "scatter", data: means, symbol: "diamond", symbolSize: 16, z: 4 }],
  };
}

function differencesOption(a, between) {
  const tone = (b) => ({ better: color("good"), worse: color("bad") }[b.verdict] || color("muted"));
  const data = between.map((b, i) => ({ value: [b.difference, i], itemStyle: { color: tone(b) } }));
  const lines = between.flatMap((b, i) => (b.interval ? [[i, b.interval[0], b.interval[1]]] : []));
  const images = between.flatMap((b, i) => (!b.interval && b.over_images ? [[i, b.over_images[0], b.over_images[1]]] : []));
  return {
    grid: { left: 8, right: 24, top: 8, bottom: 36, containLabel: true },
    xAxis: axis(a.metric.higher ? "← worse   difference   better →" : "← better   difference   worse →", a.metric),
    yAxis: names(between.map((b) => b.name)),
    tooltip: { ...base().tooltip, formatter: (p) => (between[p.value[1]] ? esc(between[p.value[1]].words) : "") },
    series: [
      { name: "difference", type: "scatter", data, symbolSize: 13, z: 4,
        markLine: { silent: true, symbol: "none", label: { show: false }, lineStyle: { color: color("fg"), type: "dashed" }, data: [{ xAxis: 0 }] } },
      intervals("95 % interval", lines, true), intervals("over images alone", images, true, color("muted")), zero(),
    ],
  };
}
