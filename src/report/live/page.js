"use strict";
(() => {
  // Every text goes through textContent; the drawing alone is markup, made and escaped by nasflow.
  const at = (id) => document.getElementById(id);
  const cell = (row, text) => { row.insertCell().textContent = text; };
  const number = (x) => typeof x !== "number" ? "" : Math.abs(x) >= 1e5 ? x.toExponential(3) : String(Math.round(x * 1e4) / 1e4);
  const duration = (s) => s < 60 ? `${Math.round(s)} s` : s < 3600 ? `${Math.floor(s / 60)} min` : `${Math.floor(s / 3600)} h ${Math.floor(s % 3600 / 60)} min`;
  const MOST = 200;

  function draw(facts) {
    document.title = `${facts.pipeline} – nasflow`;
    at("name").textContent = facts.pipeline;
    at("head").textContent = facts.head;
    at("best").textContent = facts.best;
    const drawing = at("drawing");
    if (drawing.dataset.is !== facts.drawing) {
      drawing.innerHTML = facts.drawing;
      drawing.dataset.is = facts.drawing;
    }
    const metrics = [...new Set(facts.rows.flatMap((r) => Object.keys(r.metrics)))];
    const head = at("rows").tHead, body = at("rows").tBodies[0];
    head.replaceChildren();
    const names = head.insertRow();
    for (const name of ["stage", "model", "state", ...metrics, "params"]) {
      const th = document.createElement("th");
      th.textContent = name;
      names.append(th);
    }
    const rows = facts.rows.slice(-MOST).reverse().map((r) => {
      const row = document.createElement("tr");
      [r.stage, r.model, r.state].forEach((text) => cell(row, text));
      for (const metric of metrics) {
        const values = (r.metrics[metric] ?? []).values ?? r.metrics[metric];
        const all = Array.isArray(values) ? values.filter((v) => typeof v === "number") : [];
        cell(row, all.length ? number(all.reduce((a, b) => a + b, 0) / all.length) : "");
      }
      cell(row, r.params.toLocaleString("en"));
      return row;
    });
    body.replaceChildren(...rows);
    at("more").textContent = facts.rows.length > MOST ? `the last ${MOST} of ${facts.rows.length}` : "";
    document.body.dataset.drawn = String(Number(document.body.dataset.drawn ?? 0) + 1);
    document.body.dataset.rows = String(facts.rows.length);
  }

  function progress(live) {
    document.body.dataset.standing = live.standing;
    at("standing").textContent = live.words;
    const since = live.begun ? `for ${duration(Math.max(0, Date.now() / 1000 - live.begun))}` : "";
    const left = live["seconds-left"] ? `, about ${duration(live["seconds-left"])} left` : "";
    at("time").textContent = since + left;
    at("problem").textContent = live.problem ?? "";
    at("stages").tBodies[0].replaceChildren(...live.stages.map((stage) => {
      const row = document.createElement("tr");
      cell(row, `${stage.kind} ${stage.name}`);
      cell(row, `${stage.done} of ${stage.of}`);
      const bar = document.createElement("progress");
      [bar.max, bar.value] = [Math.max(stage.of, 1), stage.of === 0 ? 0 : stage.done];
      bar.setAttribute("aria-label", stage.name);
      row.insertCell().append(bar);
      return row;
    }));
    at("idle").hidden = live.working.length > 0;
    at("working").replaceChildren(...live.working.map((work) => {
      const item = document.createElement("li");
      const far = work.of > 0 ? `: ${work.done} of ${work.of}` : "";
      item.textContent = `${work.label} (${work.kind})${far}${work.loss == null ? "" : `, loss ${number(work.loss)}`}`;
      return item;
    }));
    document.body.dataset.done = String(live.stages.reduce((sum, s) => sum + s.done, 0));
    document.body.dataset.working = String(live.working.length);
  }

  // What is there, asked again and again; the browser sends the tag of what it has, and gets 304 where that is still so.
  let shown = "";
  async function look() {
    let wait = document.hidden ? 5000 : 1000;
    try {
      const answer = await fetch("/live.json", { cache: "no-cache" });
      if (!answer.ok) throw new Error(`the server says ${answer.status}`);
      const live = await answer.json();
      progress(live);
      if (live.facts !== shown) {
        const facts = await fetch("/facts.json", { cache: "no-cache" });
        if (!facts.ok) throw new Error(`the server says ${facts.status}`);
        draw(await facts.json());
        shown = facts.headers.get("etag") ?? live.facts;
      }
      document.body.dataset.server = "there";
    } catch (error) {
      document.body.dataset.server = "gone";
      at("problem").textContent = `nasflow serve does not answer (${error.message}); this is what it said last`;
      wait = 3000;
    }
    setTimeout(look, wait);
  }
  addEventListener("error", (event) => { document.body.dataset.error = event.message; });
  draw(window.nasflowFacts);
  look();
})();
