// draw(facts): the whole page from facts. Called again with newer facts it keeps zoom, choices of the reader, and what is unfolded.

let current = null;

const SECTIONS = [answerSection, searchSection, choicesSection, trainingSection, trustSection, picturesSection, drawingsSection, costSection, reproduceSection];
const TITLES = { answer: "Answer", search: "Search", choices: "Choices", training: "Curves", trust: "Trust", pictures: "Images", network: "Network", cost: "Cost", reproduce: "Reproduce" };

function draw(facts) {
  current = facts;
  document.title = `${facts.pipeline} – nasflow`;
  const focus = document.activeElement && document.activeElement.id;
  for (const known of charts.values()) known.used = false;
  const parts = [];
  for (const section of SECTIONS) {
    try {
      const made = section(facts);
      if (made) parts.push(made);
    } catch (error) {
      // One section that cannot be drawn takes no other with it.
      fail(`${section.name}: ${error.message}`);
    }
  }
  const links = h("nav", { "aria-label": "Parts of this page" }, parts.map((part) => h("a", { href: `#${part.id}` }, TITLES[part.id])));
  const at = window.scrollY;
  page.replaceChildren(head(facts), links, ...parts, h("footer", null, `${facts.reproduce.program}. Charts: Apache ECharts ${echarts.version} (Apache License 2.0).`));
  if (window.scrollY !== at) window.scrollTo(0, at);
  if (focus && document.getElementById(focus)) document.getElementById(focus).focus({ preventScroll: true });
  paint();
}

function theme() {
  document.documentElement.dataset.theme = isDark() ? "dark" : "light";
}

let touched = -Infinity;
for (const event of ["pointerdown", "keydown"]) {
  document.addEventListener(event, (e) => { if (e.target instanceof HTMLSelectElement) touched = performance.now(); }, true);
}

/** Whether a redraw would take something out of the reader's hands: an open list, a selected text. */
function busy() {
  const selection = window.getSelection();
  return performance.now() - touched < 4000 || (selection && !selection.isCollapsed);
}

/** Asks for newer facts, as `window.nasflowLive` says: an ETag tells whether there are any. */
async function follow(live) {
  let tag = null;
  let quiet = 0;
  for (;;) {
    await new Promise((resume) => setTimeout(resume, live.every * (quiet > 5 ? 3 : 1)));
    if (document.hidden || busy()) continue;
    try {
      const answer = await fetch(live.url, { headers: tag ? { "If-None-Match": tag } : {}, cache: "no-store" });
      document.body.classList.remove("lost");
      if (answer.status === 200) {
        tag = answer.headers.get("ETag");
        quiet = 0;
        draw(await answer.json());
      } else {
        quiet = 0;
        if (answer.status !== 304) document.body.classList.add("lost");
      }
    } catch {
      // The server is gone, or the network: what is shown stays, and says so.
      quiet += 1;
      document.body.classList.add("lost");
    }
  }
}

theme();
draw(JSON.parse(document.getElementById("facts").textContent));
if (window.matchMedia) matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { theme(); draw(current); });
let resized = null;
let width = window.innerWidth;
window.addEventListener("resize", () => {
  clearTimeout(resized);
  // Other widths have other labels; a height that changes (a phone's address bar) has not.
  resized = setTimeout(() => { if (window.innerWidth !== width) { width = window.innerWidth; draw(current); } }, 120);
});
if (window.nasflowLive) follow(window.nasflowLive);
