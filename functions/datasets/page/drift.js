// Drift: whether what is tagged still is like what the champion was validated on.

import { Problem, get, path } from "./api.js";
import { bar, count, draw, facts, h, lines, loading, number, put, rebuild, s, table, time } from "./dom.js";

const VERDICTS = {
  steady: ["steady", "good"], drifted: ["drifts", "bad"],
  too_few: ["too few images", "warm"], no_reference: ["nothing to compare with", "warm"],
};
const WHAT = { format: "Format", size: "Longer side", alpha: "Alpha" };
const FEW = 20; // labels that are listed before somebody asks for all
const percent = (value) => (value === null ? "–" : `${number(100 * value)} %`);
const edge = (value) => Number(value.toFixed(4));
const drifted = (label) => label.scores.drifted || label.rate.drifted;

export const drift = {
  id: "drift",
  kind: "images",
  name: "Drift",
  open({ dataset }, page) {
    const known = h("div", { className: "parts" }, loading());
    const labels = table("Drift of the labels", COLUMNS, (label) => label.label);
    const more = h("button", { className: "link", onclick: () => { all = true; showLabels(); } });
    const chosen = h("select", { id: "drift-label", onchange: showScores });
    const scores = h("div");
    const files = table("Drift of the files", FILES, (row) => `${row.what} ${row.name}`);
    const hours = lines("Images tagged by hour", { x: "hour", y: "images" }, { low: 0 });
    const rest = h("div", { hidden: true, className: "parts" },
      card("Labels", h("p", { className: "quiet" }, "The bar is the population stability index of a label's scores, the mark its limit."), labels.element, more),
      card("Scores of a label", h("p", {}, h("label", { htmlFor: "drift-label" }, "Label "), chosen), scores),
      card("Files", files.element), card("Images", hours.element));
    let all = false, found = null;

    function showLabels() {
      labels.show(all ? found.labels : found.labels.slice(0, FEW));
      more.hidden = all || found.labels.length <= FEW;
      put(more, `All ${count(found.labels.length)} labels`);
    }

    function showScores() {
      const label = found.labels.find((one) => one.label === chosen.value);
      rebuild(scores, [label, found.edges], () => (label ? [histogram(label, found.edges)] : []));
    }

    return {
      element: h("div", { className: "parts" }, card("Drift", known), rest),
      async refresh(signal) {
        try {
          found = await get(path("datasets", dataset, "drift"), { signal });
        } catch (error) {
          if (!(error instanceof Problem) || error.code !== "no_drift") throw error;
          rebuild(known, error.message, () => [h("p", { className: "quiet" }, error.message)]);
          rest.hidden = true;
          return 300;
        }
        rebuild(known, found, () => summary(found, page));
        rest.hidden = !found.labels.length;
        showLabels();
        rebuild(chosen, found.labels.map(({ label }) => label).sort(), options(found, chosen.value));
        showScores();
        files.show(classes(found.inputs));
        hours.show([{ name: "images", points: byHour(found) }]);
        return 300; // it is looked at once an hour
      },
    };
  },
};

const card = (title, ...children) => h("section", { className: "card" }, h("h3", {}, title), ...children);

function summary({ verdict, said, run, at, window_hours, images, psi, min_images }, page) {
  const [word, mood] = VERDICTS[verdict];
  return [
    h("p", {}, h("span", { className: `badge ${mood}` }, word), ` ${said}`),
    facts([
      ["Champion", h("a", { href: page.link("run", run), className: "run" }, run)],
      ["Looked at", time(at)],
      ["Images", `${count(images)} in ${window_hours} hours; from ${count(min_images)} on it is judged`],
      ["Limit", `${number(psi)}, or what chance reaches`],
    ]),
  ];
}

const COLUMNS = [
  { name: "Label", text: ({ label }) => label },
  { name: "Index", make: bar, update: (drawn, { scores }) => draw(drawn, scores.psi / (2 * scores.limit), 0.5) },
  { name: "PSI", number: true, text: ({ scores }) => number(scores.psi) },
  { name: "Limit", number: true, text: ({ scores }) => number(scores.limit) },
  { name: "Tagged then", number: true, text: ({ rate }) => percent(rate.reference) },
  { name: "Tagged now", number: true, text: ({ rate }) => percent(rate.now) },
  { name: "Verdict", text: (label) => [label.scores.drifted && "scores drift", label.rate.drifted && "tags drift"].filter(Boolean).join(", ") || "steady" },
];
const FILES = [
  { name: "Property", text: ({ what }) => WHAT[what] },
  { name: "Class", text: ({ what, name }) => (what === "size" && name !== "more" ? `up to ${name} px` : name) },
  { name: "Validation", number: true, text: ({ then }) => percent(then) },
  { name: "Now", number: true, text: ({ now }) => percent(now) },
  { name: "PSI", number: true, text: ({ shift }) => number(shift.psi) },
  { name: "Verdict", text: ({ shift }) => (shift.drifted ? "drifts" : "steady") },
];

// The labels to choose from, those that drifted first; what was chosen stays so.
function options({ labels }, before) {
  return () => labels.map((label) => h("option", { value: label.label, selected: label.label === before },
    drifted(label) ? `${label.label} (drifts)` : label.label));
}

function classes(inputs) {
  const order = (name) => (name === "more" ? Infinity : Number(name) || 0);
  return inputs.flatMap(({ what, shift, reference, now }) =>
    [...new Set([...Object.keys(reference), ...Object.keys(now)])]
      .sort((a, b) => order(a) - order(b) || a.localeCompare(b))
      .map((name) => ({ what, name, shift, then: share(reference, name), now: share(now, name) })));
}

function share(counts, name) {
  const whole = Object.values(counts).reduce((a, b) => a + b, 0);
  return whole ? (counts[name] || 0) / whole : null;
}

// Every hour of the window, those without images too; 0 is the one in which it was looked.
function byHour({ hours, at, window_hours }) {
  const known = new Map(hours.map(({ hour, images }) => [(new Date(`${hour}:00Z`) - new Date(`${at.slice(0, 13)}:00Z`)) / 3600000, images]));
  return Array.from({ length: window_hours }, (_, index) => [index + 1 - window_hours, known.get(index + 1 - window_hours) || 0]);
}

// Two distributions side by side, a pair of bars a bin, and the same as numbers.
function histogram({ label, reference, now }, edges) {
  const shares = [reference, now].map((bins) => {
    const whole = bins.reduce((a, b) => a + b, 0) || 1;
    return bins.map((images) => images / whole);
  });
  const most = Math.max(...shares.flat(), 0.01), wide = 424 / reference.length;
  const name = (bin) => (bin === 0 ? `below ${edge(edges[0])}` : bin === edges.length ? `from ${edge(edges.at(-1))}` : `${edge(edges[bin - 1])} to ${edge(edges[bin])}`);
  const rows = reference.map((_, bin) => h("tr", {}, h("th", { scope: "row" }, name(bin)),
    ...shares.map((side) => h("td", { className: "number" }, percent(side[bin])))));
  const title = `Scores of ${label}, share of images`;
  return h("figure", { className: "drawing" }, h("figcaption", {}, title),
    s("svg", { viewBox: "0 0 480 200", role: "img", class: "chart", preserveAspectRatio: "xMinYMid", "aria-label": `${title}: in validation and now; the numbers follow` },
      s("line", { class: "grid", x1: 50, x2: 474, y1: 176, y2: 176 }),
      s("text", { x: 46, y: 18, "text-anchor": "end" }, percent(most)), s("text", { x: 46, y: 180, "text-anchor": "end" }, "0"),
      s("text", { x: 50, y: 194 }, name(0)), s("text", { x: 262, y: 194, "text-anchor": "middle" }, "0.5"),
      s("text", { x: 474, y: 194, "text-anchor": "end" }, name(edges.length)),
      ...shares.flatMap((side, at) => side.map((value, bin) => s("rect", {
        class: `line${at}`, fill: "currentColor", x: 50 + wide * (bin + 0.1 + 0.4 * at), width: 0.4 * wide,
        y: 176 - (164 * value) / most, height: (164 * value) / most,
      })))),
    h("ul", { className: "key" }, h("li", { className: "line0" }, "validation"), h("li", { className: "line1" }, "now")),
    h("details", {}, h("summary", {}, "As numbers"),
      h("div", { className: "scroll", tabIndex: 0, role: "group", aria: { label: `${title}, as numbers` } },
        h("table", {}, h("thead", {}, h("tr", {}, ...["Score", "Validation", "Now"].map((text) => h("th", { scope: "col" }, text)))),
          h("tbody", {}, ...rows)))));
}
