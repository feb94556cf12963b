// Two runs side by side: numbers, labels, settings.

import { get, path } from "./api.js";
import { count, facts, h, lasting, loading, metric, rebuild, score, table, time } from "./dom.js";
import { finder } from "./found.js";

const signed = (value) => (value === null ? "–" : `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(3)}`);

const within = (range) => (range ? ` (${signed(range.low)} to ${signed(range.high)})` : "");

const ofImages = (runs) => runs.every((run) => run.metric !== "ndcg_at_10");

export const compare = {
  id: "compare",
  name: null,
  under: "runs",
  open({ dataset, item }, page) {
    const known = h("div", {}, loading());
    const labels = finder("The labels of both runs", [
      { name: "Label", text: (row) => row.label },
      { name: "AP, first", number: true, text: (row) => score(row.ap[0]) },
      { name: "AP, second", number: true, text: (row) => score(row.ap[1]) },
      ...(page.details?.task === "single" ? [
        { name: "Recall, first", number: true, text: (row) => score(row.recall[0]) },
        { name: "Recall, second", number: true, text: (row) => score(row.recall[1]) },
      ] : []),
      { name: "Difference", number: true, text: (row) => signed(row.difference) + within(row.interval) },
      { name: "Images, second", number: true, text: (row) => count(row.support[1]) },
    ], (row) => row.label, {
      what: "label",
      word: (row) => row.label,
      orders: [
        { name: "worse first", by: (row) => row.difference },
        { name: "better first", by: (row) => (row.difference === null ? null : -row.difference) },
        { name: "label", by: (row) => row.label },
      ],
    });
    const settings = table("Settings that differ", [
      { name: "Setting", text: (row) => row.name },
      { name: "First", text: (row) => row.first ?? "not said" },
      { name: "Second", text: (row) => row.second ?? "not said" },
    ], (row) => row.name);
    const noSettings = h("p", { className: "quiet" }, "None.");
    const ofLabels = h("section", { className: "card", hidden: true }, h("h3", {}, "Labels"), labels.element);
    return {
      element: h("div", {},
        h("section", { className: "card" }, h("h3", {}, "Two runs"), known),
        ofLabels,
        h("section", { className: "card" }, h("h3", {}, "Settings that differ"), noSettings, settings.element)),
      async refresh(signal) {
        const found = await get(`${path("datasets", dataset, "compare")}?runs=${encodeURIComponent(item)}`, { signal });
        rebuild(known, found, () => [numbers(found.runs, page), h("p", { className: "options" }, inWords(found))]);
        labels.show(found.labels);
        ofLabels.hidden = !ofImages(found.runs);
        settings.show(found.settings);
        noSettings.hidden = found.settings.length > 0;
        settings.element.hidden = !noSettings.hidden;
        return found.runs.every((run) => run.outcome) ? 60 : 5;
      },
    };
  },
};

function numbers(both, page) {
  return h("div", { className: "pair" }, ...both.map((run, at) => h("div", {},
    h("h4", {}, at ? "Second" : "First"),
    facts([
      ["Run", h("a", { className: "run", href: page.link("run", run.run) }, run.run)],
      ["Outcome", run.outcome || run.state],
      ["Started", time(run.started)],
      ["Took", lasting(run.started, run.ended)],
      [metric(run), score(run.value)],
      ...(ofImages(both) ? [
        ...(run.metric === "macro_recall" ? [["Right", score(run.metrics?.top1)]] : []),
        ["Micro AP", score(run.metrics?.micro_ap)],
        ["Macro F1", score(run.metrics?.macro_f1)],
        ["Judged on", run.metrics ? `${count(run.metrics.images)} ${run.metrics.judged_on} images` : "–"],
      ] : []),
      ["Rows", run.counts ? `${count(run.counts.accepted)} accepted` : "–"],
    ]))));
}

function inWords({ runs, same_images: same, difference, compared_as: by, relabelled }) {
  if (!ofImages(runs)) return "Each was judged for its own users: its run tells its difference to its champion for the same ones.";
  const told = [];
  const more = difference?.macro_recall ?? difference?.mAP ?? null;
  if (more !== null) {
    const range = difference.interval;
    told.push(`On the same ${count(difference.images)} images the second has ${signed(more)} of ${difference.macro_recall === null ? "mAP" : "macro recall"}`
      + (range ? ` (${Math.round(100 * range.level)} % interval ${signed(range.low)} to ${signed(range.high)})` : "")
      + `, as the evaluation of ${by} found; so are the differences of labels.`);
  }
  if (same === true) told.push("Both were judged on the very same images.");
  if (same === false) {
    told.push(by ? "Each one's own numbers are of different images."
      : "They were judged on different images, so part of each difference is theirs.");
  }
  if (same === null) told.push("Whether they were judged on the same images is not known.");
  if (relabelled?.changed) {
    told.push(`${count(relabelled.changed)} of the ${count(relabelled.images)} images that both were judged on have other`
      + " labels in the second: the numbers of the two do not subtract.");
  }
  return told.join(" ");
}
