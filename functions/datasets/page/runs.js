// A dataset's runs, newest first: how they ended, the mAP of their models, two of them to compare.

import { get, path } from "./api.js";
import { h, lasting, lines, loading, metric, put, score, table, time } from "./dom.js";

export const runs = {
  id: "runs",
  name: "Runs",
  open({ dataset }, page) {
    const chosen = new Set();
    const none = loading();
    const chart = lines(`${metric(page.details?.champion)} of the runs' models, oldest first`, { x: "run", y: metric(page.details?.champion) }, { low: 0, high: 1 });
    const compare = h("button", { onclick: () => page.go("compare", [...chosen].join()) }, "Compare");
    const hint = h("p", { className: "quiet small", id: "two-runs" });
    compare.setAttribute("aria-describedby", "two-runs");
    const list = table(`Runs of ${dataset}`, [
      { name: "Outcome", make: () => h("span"), update: showOutcome },
      { name: "Started", short: true, text: (run) => time(run.started) },
      { name: "Took", short: true, text: (run) => lasting(run.started, run.ended) },
      { name: metric(page.details?.champion), number: true, text: (run) => score(run.value) },
      { name: "Run", make: () => h("span", {}, h("a", { className: "run" }), h("span", { className: "quiet small" })), update: (cell, run) => {
        cell.firstChild.href = page.link("run", run.run);
        put(cell.firstChild, run.run);
        put(cell.lastChild, marks(run, page.details?.champion).map((mark) => ` ${mark}`).join(","));
      } },
      { name: "Why", text: (run) => run.reason || (run.outcome ? "" : "going on") },
      { name: "Compare", make: choice, update: showChoice },
    ], (run) => run.run);
    const more = h("button", { className: "link", hidden: true, onclick: () => { limit = Math.min(100, limit + 20); page.again(); } }, "Show more runs");
    let limit = 20, before = 0;

    function choice() {
      const box = h("input", { type: "checkbox" });
      box.addEventListener("change", () => {
        if (box.checked) chosen.add(box.value);
        else chosen.delete(box.value);
        showChosen();
      });
      return box;
    }
    function showChoice(box, run) {
      box.value = run.run;
      box.checked = chosen.has(run.run);
      box.setAttribute("aria-label", `Compare ${run.run}`);
    }
    function showChosen() {
      compare.disabled = chosen.size !== 2;
      put(hint, chosen.size === 2 ? "" : `Choose two runs; ${chosen.size || "none"} chosen.`);
    }
    showChosen();
    chart.element.hidden = list.element.hidden = true;
    return {
      element: h("section", { className: "card" }, h("h3", {}, "Runs"), none, chart.element,
        list.element, h("div", { className: "row options" }, compare, hint, more)),
      async refresh(signal) {
        const found = await get(`${path("datasets", dataset, "runs")}?limit=${limit}`, { signal });
        list.show(found.runs);
        put(none, found.runs.length ? "" : "No run yet: drop a list in the view Rows.");
        list.element.hidden = !found.runs.length;
        compare.hidden = hint.hidden = found.runs.length < 2;
        more.hidden = !found.next || limit >= 100;
        showMaps(chart, found.runs, page.details?.champion);
        const going = found.runs.filter((run) => run.state === "Running").length;
        if (going < before) setTimeout(page.again); // one has ended: who serves now?
        before = going;
        return going ? 3 : 30;
      },
    };
  },
};

function showMaps(chart, found, champion) {
  const judged = found.filter((run) => run.value !== null).reverse();
  const points = judged.map((run, at) => [at + 1, run.value]);
  const serving = points.filter((_, at) => judged[at].run === champion?.run);
  chart.element.hidden = !points.length;
  chart.show([{ name: metric(judged.at(-1)), points }, ...(serving.length ? [{ name: "champion", points: serving }] : [])]);
}

function marks(run, champion) {
  const told = [];
  if (champion?.run === run.run) told.push("serves now");
  if (run.candidate) told.push("candidate");
  if (run.shadow) told.push(run.shadow === "answering" ? "answers as a shadow" : "was a shadow");
  return told;
}

export function showOutcome(badge, run) {
  const outcome = run.outcome || run.state;
  badge.className = `badge ${outcome}`;
  put(badge, outcome);
}
