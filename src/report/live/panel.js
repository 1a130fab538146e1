"use strict";
// How far the run is: asked for every second while the page is seen. Every text goes through textContent: names are hostile.
(() => {
  const make = (tag, text) => { const element = document.createElement(tag); if (text !== undefined) element.textContent = text; return element; };
  const number = (x) => String(Number(x.toPrecision(4)));
  const duration = (s) => s < 60 ? `${Math.round(s)} s` : s < 3600 ? `${Math.floor(s / 60)} min` : `${Math.floor(s / 3600)} h ${Math.floor(s % 3600 / 60)} min`;
  const panel = make("aside"), details = make("details"), summary = make("summary"), problem = make("div");
  const state = make("span"), time = make("span"), work = make("div");
  panel.id = "live";
  panel.setAttribute("aria-label", "How far the run is");
  [state.className, work.className, problem.className] = ["state", "work", "problem"];
  state.setAttribute("role", "status");
  problem.setAttribute("role", "alert");
  summary.append(state, " ", time);
  details.append(summary, work);
  panel.append(details, problem);
  document.body.prepend(panel);

  function bar(label, text, done, of) {
    const row = make("tr"), cell = make("td"), progress = make("progress");
    progress.max = Math.max(of, 1);
    if (of > 0 || done > 0) progress.value = done;
    progress.setAttribute("aria-label", label);
    cell.append(progress);
    row.append(make("td", label), make("td", text), cell);
    return row;
  }

  function draw(live) {
    panel.dataset.standing = live.standing;
    state.textContent = live.words;
    const since = live.begun ? `for ${duration(Math.max(0, Date.now() / 1000 - live.begun))}` : "";
    const left = live["seconds-left"] ? `, about ${duration(live["seconds-left"])} left` : "";
    const first = live.working[0], far = first && first.of ? `, ${first.done} of ${first.of}` : "";
    const now = first ? `; ${live.working.length} in work: ${first.label}${far}` : "";
    time.textContent = since + left + now;
    problem.textContent = live.problem ? `The facts are older than what is there: ${live.problem}` : "";
    const stages = make("table"), working = make("table");
    for (const stage of live.stages) stages.append(bar(`${stage.kind} ${stage.name}`, `${stage.done} of ${stage.of}`, stage.done, stage.of));
    for (const item of live.working) {
      const loss = item.loss === null ? "" : `, loss ${number(item.loss)}`;
      working.append(bar(`${item.label} (${item.kind})`, (item.of ? `${item.done} of ${item.of}` : "") + loss, item.done, item.of));
    }
    work.replaceChildren(working, stages);
    panel.dataset.done = String(live.stages.reduce((sum, stage) => sum + stage.done, 0));
    panel.dataset.working = String(live.working.length);
  }

  async function look() {
    let wait = 1000;
    if (document.hidden) wait = 5000;
    try {
      const answer = await fetch("/live.json", { cache: "no-cache" });
      if (!answer.ok) throw new Error(`it says ${answer.status}`);
      draw(await answer.json());
      panel.dataset.server = "there";
    } catch (error) {
      panel.dataset.server = "gone";
      problem.textContent = `nasflow serve does not answer (${error.message}); this is what it said last.`;
      wait = 3000;
    }
    setTimeout(look, wait);
  }
  look();
})();
