// Drawings, the winning network, what everything cost and saved, and how to get the same again.

/** An SVG that was made elsewhere: parsed as XML, without scripts, links and handlers. */
function drawing(text) {
  const parsed = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
  if (parsed.nodeName !== "svg") return h("p", { class: "empty" }, "This drawing cannot be shown.");
  for (const element of [parsed, ...parsed.querySelectorAll("*")]) {
    if (["script", "foreignObject", "a", "iframe"].includes(element.localName)) { element.remove(); continue; }
    for (const attribute of [...element.attributes]) {
      const hostile = attribute.name.toLowerCase().startsWith("on") || (/href$/i.test(attribute.name) && !attribute.value.startsWith("#"));
      if (hostile) element.removeAttribute(attribute.name);
    }
  }
  return document.importNode(parsed, true);
}

function drawingsSection(facts) {
  const n = facts.network;
  if (!facts.drawings.length && !n) return null;
  const parts = facts.drawings.map((d, i) => [h("h3", null, d.title), h("div", { class: "scroll drawing", tabindex: "0", role: "region", "aria-label": d.title, id: `drawing-${i}` }, drawing(d.svg))]);
  if (n) {
    parts.push(h("h3", null, `The network of ${n.model}`), h("p", null, `${si(n.params)} parameters, ${si(n.flops)}FLOPs an image.`),
      n.choices.length ? table(`What was chosen for ${n.model}`, ["choice", "option", ""], n.choices.map(([label, value, same]) => [label, value, same ? "as the reference" : "other than the reference"])) : null,
      folded("network-text", "The architecture as text", () => h("pre", null, n.text)));
  }
  return h("section", { id: "network", "aria-labelledby": "network-title" }, h("h2", { id: "network-title" }, "Pipeline and network"), parts);
}

function costSection(facts) {
  if (!facts.costs && !facts.saved) return null;
  const parts = [];
  const row = (line) => [line.name, grouped(line.models), grouped(line.spent.iterations), grouped(line.spent["trained-images"]), grouped(line.spent["evaluated-images"]), duration(line.spent.seconds) + (line.spent.untimed ? " *" : "")];
  const columns = [">models", ">iterations", ">images trained", ">images evaluated", ">worker time"];
  if (facts.costs) {
    if (facts.costs.ways.length) parts.push(table("All that led to the answer and to what it is held against, searches included, each action once", ["way", ...columns], facts.costs.ways.map(row)));
    if (facts.costs.stages.length) parts.push(table("By stage", ["stage", ...columns], facts.costs.stages.map(row)));
    if (facts.costs.stages.some((line) => line.spent.untimed)) parts.push(h("p", { class: "hint" }, "*: more than that; some of it was made before times were kept, or interrupted."));
  }
  const s = facts.saved;
  if (s) {
    const worth = (r) => `${plural(r.results, "result")}${r.seconds >= 0.05 ? `, ${duration(r.seconds)} of worker time` : ""}`;
    const lines = [
      s.elsewhere.results ? ["made by other pipelines before, and taken from the store", worth(s.elsewhere)] : null,
      s.within.results ? ["needed in several places of this pipeline, and made once", worth(s.within)] : null,
      s.continued ? ["trainings that went on from a checkpoint and did not begin again", `${grouped(s.continued)} iterations`] : null,
    ].filter(Boolean);
    parts.push(h("h3", null, "What the store saved"), h("p", null, `${plural(s.results, "result")} are known, ${duration(s.seconds)} of worker time.`),
      lines.length ? table("Not done again", ["", "saved"], lines) : h("p", null, "Nothing of it was needed twice so far."));
    if (s.runs.length) parts.push(table("Runs of this pipeline that made something", ["began", ">took", "ended", ">results made", ">found in the store"], s.runs.map((r) => [new Date(r.begun * 1000).toISOString().replace("T", " ").slice(0, 16) + " UTC", r.ended ? duration(r.ended - r.begun) : "–", r.outcome || "not ended", grouped(r.made), grouped(r.found)])));
  }
  return h("section", { id: "cost", "aria-labelledby": "cost-title" }, h("h2", { id: "cost-title" }, "What it cost, and what the store saved"), parts);
}

function reproduceSection(facts) {
  const r = facts.reproduce;
  return h("section", { id: "reproduce", "aria-labelledby": "reproduce-title" }, h("h2", { id: "reproduce-title" }, "How to get the same again"),
    h("pre", null, r.command),
    h("p", null, `Made by ${r.program}; results of the numerics class ${r.numerics}`, r.machine ? `; this page was written on ${r.machine}.` : "."),
    folded("digests", "Digests of files, data, spaces and weights", () => table("What the results follow from", ["of", "digest (BLAKE3)"], r.digests.map(([name, digest]) => [name, h("code", null, digest)]))),
    r.sources.map(([path, text], i) => folded(`source-${i}`, path, () => h("pre", null, text))));
}
