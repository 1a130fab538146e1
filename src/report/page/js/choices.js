// What made the difference: choices of every network as parallel coordinates, what each contributed, and what each option is worth.

const MOST_AXES = 24;
const MOST_LINES = 5000;

function choicesSection(facts) {
  const stage = stageOf(facts);
  if (!stage || stage.headline === null || !stage.choices.length) return null;
  const measured = measuredRows(stage).filter((r) => r.v[stage.headline] !== null);
  if (!measured.length) return null;
  const metric = stage.metrics[stage.headline];
  const found = stage.importance;
  const parts = [stage.importance_note ? h("p", { class: found ? "note" : "empty" }, prose(stage.importance_note)) : null];
  if (found) {
    const shown = found.choices.slice(0, 20);
    const chosen = found.choices.find((c) => c.label === ui.choice) || found.choices[0];
    parts.push(h("div", { class: "pair" },
      chart("importance", `Share of the spread of ${metric.name} in ${stage.name} that each choice makes alone (bar: 95 % over bootstraps; tick: what chance makes)`, 90 + 30 * shown.length,
        () => importanceOption(stage, shown), () => [["choice", ">share", ">95 %", ">by chance"], found.choices.map((c) => [c.label, percent(c.share), c.interval ? `${percent(c.interval[0])} to ${percent(c.interval[1])}` : "–", percent(c.chance)])]),
      h("div", null,
        select("effect", "Options of", found.choices.map((c) => [c.label, c.label]), chosen.label, (v) => { ui.choice = v; draw(current); }),
        chart("effects", `What each option of ${chosen.label} adds to ${metric.name} in the mean over all other choices (95 % over bootstraps)`, 90 + 30 * Math.min(chosen.effects.length, 24),
          () => effectsOption(stage, chosen), () => [["option", ">networks", ">adds", ">95 %"], chosen.effects.map((e) => [e.option, grouped(e.trials), signed(e.effect, metric), e.interval ? `${signed(e.interval[0], metric)} to ${signed(e.interval[1], metric)}` : "–"])]))),
    h("p", { class: "hint" }, "By trees over all measured networks (fANOVA): shares are of the whole space, every option counting alike, and least sure where a guided search has made few trials. What choices do only together is in no bar."));
  }
  parts.push(h("h3", null, "Every network, choice by choice"),
    chart("parallel", `Choices of ${plural(measured.length, "network")}, coloured by ${metric.name}; draw along an axis to keep only what passes there`, narrow() ? 420 : 460,
      () => parallelOption(stage, measured, found), null));
  return h("section", { id: "choices", "aria-labelledby": "choices-title" }, h("h2", { id: "choices-title" }, "What made it so"), parts);
}

function signed(value, metric) {
  return (value > 0 ? "+" : "") + show(value, metric);
}

function importanceOption(stage, shown) {
  const lines = shown.flatMap((c, i) => (c.interval ? [[i, c.interval[0], c.interval[1]]] : []));
  const beyond = (c) => (c.interval ? c.interval[0] : c.share) > c.chance;
  return {
    grid: { left: 8, right: 24, top: 8, bottom: 36, containLabel: true },
    xAxis: { ...axis("share of the spread", null, { scale: false, min: 0 }), axisLabel: { color: color("muted"), formatter: (v) => percent(v) } },
    yAxis: names(shown.map((c) => c.label)),
    tooltip: { ...base().tooltip, formatter: (p) => { const c = shown[p.dataIndex]; return c ? `<b>${esc(c.label)}</b><br>share ${esc(percent(c.share))}${c.interval ? `, 95 %: ${esc(percent(c.interval[0]))} to ${esc(percent(c.interval[1]))}` : ""}<br>by chance up to ${esc(percent(c.chance))}` : ""; } },
    series: [
      { name: "share", type: "bar", data: shown.map((c) => ({ value: c.share, itemStyle: { color: beyond(c) ? color("c1") : color("muted"), opacity: 0.8 } })), barMaxWidth: 18 },
      intervals("95 % interval", lines, true),
      { name: "by chance", type: "scatter", symbol: "rect", symbolSize: [2, 20], silent: true, itemStyle: { color: color("bad") }, data: shown.map((c, i) => [c.chance, i]), z: 4 },
    ],
  };
}

function effectsOption(stage, chosen) {
  const metric = stage.metrics[stage.headline];
  const effects = chosen.effects.slice(0, 24);
  return {
    grid: { left: 8, right: 24, top: 8, bottom: 36, containLabel: true },
    xAxis: axis(`${metric.name}, more or less than the mean`, metric), yAxis: names(effects.map((e) => `${e.option} (${grouped(e.trials)})`)),
    tooltip: { ...base().tooltip, formatter: (p) => { const e = effects[p.value[1]]; return e ? `<b>${esc(chosen.label)} = ${esc(e.option)}</b><br>${esc(signed(e.effect, metric))}<br>${plural(e.trials, "network")}` : ""; } },
    series: [
      { name: "effect", type: "scatter", symbolSize: 11, z: 4, data: effects.map((e, i) => ({ value: [e.effect, i], itemStyle: { color: e.trials ? color("c1") : color("muted") } })),
        markLine: { silent: true, symbol: "none", label: { show: false }, lineStyle: { color: color("fg"), type: "dashed" }, data: [{ xAxis: 0 }] } },
      intervals("95 % interval", effects.flatMap((e, i) => (e.interval ? [[i, e.interval[0], e.interval[1]]] : [])), true), zero(),
    ],
  };
}

function parallelOption(stage, measured, found) {
  const metric = stage.metrics[stage.headline];
  // The choices that contributed most first; without that, those that differ.
  const order = found ? found.choices.map((c) => c.label) : [];
  const rank = (c) => (order.includes(c.label) ? order.indexOf(c.label) : order.length);
  const differing = stage.choices.map((c, i) => [c, i]).filter(([, i]) => measured.some((r) => r.c[i] !== measured[0].c[i]));
  const most = narrow() ? 6 : MOST_AXES;
  const axes = differing.sort((a, b) => rank(a[0]) - rank(b[0])).slice(0, most);
  const absent = (i) => measured.some((r) => r.c[i] < 0);
  const values = measured.map((r) => r.v[stage.headline]);
  const sorted = [...values].sort((a, b) => a - b);
  // A few that diverged must not take all the colours.
  const [low, high] = [sorted[Math.floor(0.02 * (sorted.length - 1))], sorted.at(-1)];
  const kept = [...measured].sort((a, b) => compare(b.v[stage.headline], a.v[stage.headline], metric)).slice(-MOST_LINES);
  const text = { color: color("fg"), fontSize: 11, width: narrow() ? 70 : 110, overflow: "truncate" };
  const names = ([c, i]) => [...c.options, ...(absent(i) ? ["(not there)"] : [])];
  return {
    grid: undefined, legend: undefined,
    parallel: { left: 30, right: narrow() ? 60 : 90, top: 60, bottom: 50, parallelAxisDefault: { nameTextStyle: text, axisLine: { lineStyle: { color: color("muted") } }, axisLabel: { color: color("fg"), fontSize: 10, textBorderColor: color("card"), textBorderWidth: 2 }, areaSelectStyle: { width: 16, opacity: 0.25 } } },
    parallelAxis: [
      ...axes.map(([c, i], dim) => ({ dim, name: c.label, nameRotate: axes.length > 8 ? 20 : 0, nameTruncate: { maxWidth: narrow() ? 64 : 120 }, type: "category", data: names([c, i]), axisTick: { show: false } })),
      { dim: axes.length, name: metric.name, type: "value", scale: true, axisLabel: { color: color("fg"), formatter: (v) => label(v, metric) } },
    ],
    visualMap: {
      type: "continuous", dimension: axes.length, min: low, max: high > low ? high : low + 1, show: true, orient: "horizontal", left: "center", bottom: 0, itemHeight: 120, calculable: false, precision: 3,
      text: [label(high, metric), label(low, metric)], textStyle: { color: color("fg") }, inRange: { color: isDark() ? ["#37475a", "#2f7fb8", "#f0b93a"] : ["#c9d3de", "#4a90c2", "#c24a00"], opacity: [0.25, 0.9] },
    },
    tooltip: { show: false },
    series: [{ type: "parallel", name: stage.name, progressive: 1500, progressiveThreshold: 3000, smooth: false, lineStyle: { width: kept.length > 500 ? 0.8 : 1.6, opacity: kept.length > 1000 ? 0.25 : 0.6 },
      data: kept.map((r) => [...axes.map(([c, i]) => (r.c[i] >= 0 ? r.c[i] : c.options.length)), r.v[stage.headline]]) }],
  };
}
