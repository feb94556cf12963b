// One run: what is known of it, its states with their times, its epochs as they come, its labels.

import { get, path } from "./api.js";
import { count, facts, freshLink, h, lasting, lines, loading, put, rebuild, score, table, time } from "./dom.js";
import { finder } from "./found.js";

const MOST_PAIRS = 20; // of labels that are taken for each other
const FILES = ["report", "rejects", "verdicts", "suspects"];
const card = (title, ...children) => h("section", { className: "card" }, h("h3", {}, title), ...children);

export const run = {
  id: "run",
  name: null,
  under: "runs",
  open({ dataset, item }, page) {
    const where = path("datasets", dataset, "runs", item);
    const known = h("div", {}, loading());
    const progress = progressOf(page);
    const labels = finder("Labels of the run's model", [
      { name: "Label", text: (row) => row.label },
      { name: "AP", number: true, text: (row) => score(row.ap) },
      ...(page.details?.task === "single" ? [
        { name: "Recall", number: true, text: (row) => score(row.recall) },
        { name: "Precision", number: true, text: (row) => score(row.precision) },
      ] : []),
      { name: "95 % interval", number: true, text: (row) => (row.ap_low === null ? "–" : `${score(row.ap_low)} to ${score(row.ap_high)}`) },
      { name: "F1", number: true, text: (row) => score(row.f1) },
      { name: "Images", number: true, text: (row) => count(row.support) },
      { name: "Threshold", number: true, text: (row) => score(row.threshold) + (row.chosen === null ? "" : " by hand") },
    ], (row) => row.label, {
      what: "label",
      word: (row) => row.label,
      orders: [
        { name: "worst first", by: (row) => row.ap },
        { name: "best first", by: (row) => (row.ap === null ? null : -row.ap) },
        { name: "label", by: (row) => row.label },
        { name: "most images", by: (row) => -row.support },
      ],
    });
    const tags = card("Labels", labels.element);
    const mixed = table("Labels that are taken for others, the most often first", [
      { name: "Is", text: (pair) => pair.truth },
      { name: "Best label", text: (pair) => pair.best },
      { name: "Images", number: true, text: (pair) => count(pair.images) },
      { name: "Of its images", number: true, text: (pair) => score(pair.share) },
    ], (pair) => `${pair.truth}\n${pair.best}`);
    const confused = card("Confusion", mixed.element);
    tags.hidden = confused.hidden = true;
    return {
      element: h("div", {},
        h("section", { className: "card" }, h("h3", { className: "run" }, item), known),
        ...progress.elements, tags, confused),
      async refresh(signal) {
        const [found, going] = await Promise.all([
          get(where, { signal }).catch(unlessUnknown), get(`${where}/progress`, { signal }),
        ]);
        if (!found) { // it has begun, and written nothing yet
          progress.show(going);
          return 2;
        }
        rebuild(known, { ...found, ...Object.fromEntries(FILES.map((file) => [file, Boolean(found[file])])) },
          () => [facts(rows(where, found, page.refuse))]);
        progress.show(going);
        tags.hidden = !found.metrics;
        if (found.metrics) labels.show(found.metrics.labels);
        const pairs = pairsOf(found.metrics?.confusion);
        confused.hidden = !pairs.length;
        mixed.show(pairs.slice(0, MOST_PAIRS));
        return going.status === "RUNNING" ? 2 : found.outcome ? 30 : 5;
      },
    };
  },
};

function unlessUnknown(error) {
  if (error.code !== "unknown_run") throw error;
  return null;
}

function rows(where, { state, outcome, reason, started, ended, list, counts, metrics, ranking, ...files }, refuse) {
  const links = FILES.filter((file) => files[file]).flatMap((file) =>
    [freshLink(file, files[file].url, async () => (await get(where))[file].url, refuse), " "]);
  return [
    ["Outcome", `${outcome || "going on"}${reason ? `: ${reason}` : ""}`],
    ["State", state || "–"],
    ["Started", time(started)],
    ["Took", lasting(started, ended)],
    ["List", list ? list.key : "–"],
    ...(counts ? [["Rows", `${count(counts.accepted)} accepted, ${count(counts.rejected)} rejected`]] : []),
    ...(metrics ? (metrics.task === "single" ? ofOneLabel(metrics) : ofTags(metrics)) : []),
    ...(ranking ? [["NDCG@10", `${score(ranking.ndcg_at_10)} for ${count(ranking.users)} users (popularity alone: ${score(ranking.baseline.ndcg_at_10)})`],
      ["Recall@10, MAP, coverage", [ranking.recall_at_10, ranking.map, ranking.coverage].map(score).join(", ")],
      ["Algorithm", ranking.algorithm]] : []),
    ...(ranking?.champion ? [["Champion then", `NDCG@10 ${score(ranking.champion.ndcg_at_10)} for the same users`]] : []),
    ["Files", links.length ? h("span", {}, ...links) : "–"],
  ];
}

function ofTags({ mAP, baseline_map: baseline, champion }) {
  return [
    ["mAP", `${score(mAP)} (label frequency alone: ${score(baseline)})`],
    ...(champion ? [["Champion then", `mAP ${score(champion.mAP)} on the same images`]] : []),
  ];
}

function ofOneLabel({ macro_recall: recall, baseline_macro_recall: baseline, top1, top5, unsure, champion }) {
  return [
    ["Macro recall", `${score(recall)} (the most frequent label alone: ${score(baseline)})`],
    ["Right", `${score(top1)} of the images${top5 === null ? "" : `; among the best five ${score(top5)}`}`],
    ...(unsure ? [["Sure", `of ${score(unsure.answered)} of the images, from ${score(unsure.threshold)} on; ${score(unsure.accuracy)} of those are right`]] : []),
    ...(champion ? [["Champion then", `macro recall ${score(champion.macro_recall)} on the same images`]] : []),
  ];
}

// The wrong answers of a confusion matrix, rows of truth: [{truth, best, images, share}]
function pairsOf(confusion) {
  if (!confusion) return [];
  const { labels, counts } = confusion;
  return counts.flatMap((row, truth) => {
    const all = row.reduce((sum, images) => sum + images, 0);
    return row.flatMap((images, best) => (images && best !== truth
      ? [{ truth: labels[truth], best: labels[best], images, share: images / all }] : []));
  }).sort((a, b) => b.images - a.images || b.share - a.share);
}

// What GET …/progress tells, as cards: the states, and the training.
function progressOf(page) {
  let before = null;
  const said = h("p", { className: "quiet" });
  const states = table("States of the run", [
    { name: "State", text: (state) => state.name },
    { name: "Is", make: () => h("span"), update: showStatus },
    { name: "Began", short: true, text: (state) => time(state.entered) },
    { name: "Took", short: true, text: (state) => lasting(state.entered, state.ended) },
    { name: "Note", text: note },
  ], (state) => state.name);
  const loss = lines("Loss", { x: "epoch", y: "loss" }, { low: 0 });
  const map = lines("On the validation images", { x: "epoch", y: "score" }, { low: 0, high: 1 });
  const job = h("p", { className: "quiet" });
  const jobs = table("Trials, the newest first", [
    { name: "Trial", text: (one) => one.name },
    { name: "Is", text: (one) => one.status },
    { name: "Took", text: (one) => lasting(one.started, one.ended) },
    { name: "Objective", number: true, text: (one) => score(one.objective) },
  ], (one) => one.name);
  const training = card("Training", job, h("div", { className: "pair" }, loss.element, map.element), jobs.element);
  training.hidden = true;

  function show(found) {
    put(said, words(found));
    states.element.hidden = !found.states.length;
    states.show(found.states);
    if (before !== null && found.current && found.current !== before) page.say(`${found.current} began.`);
    if (before && !found.current && found.status !== "RUNNING") {
      page.say("The run has ended.");
      setTimeout(page.again); // who serves now?
    }
    before = found.current || "";
    const shown = found.jobs.find((one) => one.epochs);
    training.hidden = !shown;
    if (!shown) return;
    const done = shown.epochs.length ? shown.epochs.at(-1).epoch : 0;
    put(job, `${shown.name}: ${shown.status}, epoch ${done}${found.epochs ? ` of ${found.epochs}` : ""}`);
    const names = [...new Set(shown.epochs.flatMap(({ metrics }) => Object.keys(metrics)))];
    const series = (of) => names.filter(of).map((name) => ({
      name: name.replace(/^\w+:/, ""),
      points: shown.epochs.filter(({ metrics }) => name in metrics).map(({ epoch, metrics }) => [epoch, metrics[name]]),
    }));
    const isLoss = (name) => name.startsWith("train:") || name.endsWith(":cross_entropy");
    loss.show(series(isLoss));
    map.show(series((name) => !isLoss(name)));
    jobs.element.hidden = found.jobs.length < 2;
    jobs.show(found.jobs);
  }
  return { elements: [card("States", said, states.element), training], show };
}

function words({ status, current, items }) {
  if (status === null) return "Step Functions keeps what a run did for 90 days.";
  if (status !== "RUNNING") return "";
  const part = items ? `: ${items.done} of ${items.all} done${items.failed ? `, ${items.failed} failed` : ""}` : "";
  return current ? `${current} is going on${part}.` : "The run is going on.";
}

function note({ attempts, error, status }) {
  const told = [];
  if (attempts > 1) told.push(`attempt ${attempts}`);
  if (error && status !== "done") told.push(error.replace(/\s+/g, " ").slice(0, 300));
  return told.join("; ");
}

function showStatus(badge, { status }) {
  badge.className = `badge ${{ done: "good", failed: "bad", running: "Running" }[status]}`;
  put(badge, status);
}
