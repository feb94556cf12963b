// What stands above every view of a dataset: its champion, whether it answers, its rows.

import { count, h, loading, metric, rebuild, score, time } from "./dom.js";

// Show `details`, the answer of GET /datasets/{dataset}; null while it is not known.
export function showHead(element, dataset, details) {
  rebuild(element, [dataset, details], () => [
    h("h2", { id: "title", tabIndex: -1 }, dataset),
    ...(details ? [champion(details), rows(details)] : [loading()]),
  ]);
}

function champion({ champion: found, health }) {
  if (!found) {
    return h("p", { className: "quiet" }, "No champion yet: the first run that succeeds becomes it.");
  }
  return h("p", { className: "standing" }, state(health), " ",
    h("span", { className: "run" }, found.run), ` · ${metric(found)} ${score(found.value)} · since ${time(found.since)}`,
    ...(health?.problem ? [h("span", { className: "error" }, ` ${health.problem}`)] : []));
}

function state(health) {
  if (!health || health.serves === null) return h("span", { className: "badge" }, "Health unknown");
  return health.serves
    ? h("span", { className: "badge good" }, "Serves")
    : h("span", { className: "badge bad" }, `Does not serve${health.status ? ` (${health.status})` : ""}`);
}

function rows({ counts, kind, labels, task }) {
  if (!counts) return null;
  const sides = `${count(counts.train)} to train, ${count(counts.validation)} to validate`;
  const test = counts.test ? `, ${count(counts.test)} to test` : "";
  return h("p", { className: "quiet" },
    `${kind === "ratings" ? "Ratings" : `${count(labels.length)} labels${task === "single" ? ", one an image" : ""}`} · ${count(counts.accepted)} of ${count(counts.rows)} rows accepted · ${sides}${test}`);
}
