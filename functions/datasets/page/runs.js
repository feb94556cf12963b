// A dataset's runs, newest first.

import { get, path } from "./api.js";
import { h, lasting, put, table, time } from "./dom.js";

export const runs = {
  id: "runs",
  name: "Runs",
  open({ dataset }, page) {
    const none = h("p", { className: "quiet" }, "Loading…");
    const list = table(`Runs of ${dataset}`, [
      { name: "Outcome", make: () => h("span"), update: showOutcome },
      { name: "Started", text: (run) => time(run.started) },
      { name: "Took", text: (run) => lasting(run.started, run.ended) },
      { name: "Run", make: () => h("span", {}, h("a", { className: "run" })), update: (cell, run) => {
        cell.firstChild.href = page.link("run", run.run);
        put(cell.firstChild, run.run);
      } },
      { name: "Why", text: (run) => run.reason || (run.outcome ? "" : "going on") },
    ], (run) => run.run);
    return {
      element: h("section", { className: "card" }, h("h3", {}, "Runs"), none, list.element),
      async refresh(signal) {
        const found = await get(`${path("datasets", dataset, "runs")}?limit=20`, { signal });
        list.show(found.runs);
        put(none, found.runs.length ? "" : "No run yet.");
        list.element.hidden = !found.runs.length;
        return found.runs.some((run) => run.state === "Running") ? 5 : 30;
      },
    };
  },
};

function showOutcome(badge, run) {
  const outcome = run.outcome || run.state;
  badge.className = `badge ${outcome}`;
  put(badge, outcome);
}
