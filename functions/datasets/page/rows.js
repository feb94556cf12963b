// A dataset's rows as the newest run found them; and a list that is dropped from here.

import { get, path } from "./api.js";
import { count, facts, freshLink, h, loading, put, rebuild, score, table } from "./dom.js";
import { finder } from "./found.js";
import { uploader } from "./upload.js";

const FILES = { rejects_file: "rejects", suspects_file: "suspects", verdicts_file: "verdicts" };
const STAGES = {
  packed: "Images were looked at.",
  planned: "Rows were judged by what they say; images are not looked at yet, or were not again.",
  refused: "The list was of no use.",
};

export const rowsView = {
  id: "rows",
  name: "Rows",
  open({ dataset }, page) {
    const where = path("datasets", dataset, "rows");
    const known = h("div", {}, loading());
    const rejected = h("div");
    const labels = finder("Images of each label", [
      { name: "Label", text: (row) => row.label },
      { name: "Images", number: true, text: (row) => count(row.images) },
      { name: "Train", number: true, text: (row) => count(row.train) },
      { name: "Validation", number: true, text: (row) => count(row.validation) },
      { name: "Test", number: true, text: (row) => count(row.test) },
    ], (row) => row.label, {
      what: "label",
      word: (row) => row.label,
      orders: [
        { name: "fewest images", by: (row) => row.images },
        { name: "most images", by: (row) => -row.images },
        { name: "label", by: (row) => row.label },
      ],
    });
    const suspects = table("Rows whose labels the model doubts", [
      { name: "Line", number: true, text: (row) => count(row.line) },
      { name: "Path", text: (row) => row.path },
      { name: "Seems", text: (row) => row.labels.map(({ label, given }) => `${label} ${given ? "surplus" : "missing"}`).join(", ") },
      { name: "Doubt", number: true, text: (row) => score(row.doubt) },
    ], (row) => row.line);
    const parts = {
      rejected: h("section", { className: "card" }, h("h3", {}, "Rejected rows"), rejected),
      labels: h("section", { className: "card" }, h("h3", {}, "Labels"), labels.element),
      suspects: h("section", { className: "card" }, h("h3", {}, "Doubted labels"), suspects.element),
    };
    for (const part of Object.values(parts)) part.hidden = true;
    const upload = uploader(dataset, page);
    return {
      element: h("div", {}, h("section", { className: "card" }, h("h3", {}, "Rows"), known),
        upload.element, ...Object.values(parts)),
      async refresh(signal) {
        const found = await get(where, { signal });
        upload.show(page.details?.changes_refused || "");
        const shown = { ...found, labels: 0, suspects: 0 };
        for (const file of Object.keys(FILES)) shown[file] = Boolean(found[file]);
        rebuild(known, shown, () => summary(where, found, page));
        rebuild(rejected, [found.rejected, found.complete], () => reasons(found));
        parts.rejected.hidden = !found.rejected.length;
        parts.labels.hidden = !found.labels.length;
        labels.show(found.labels);
        parts.suspects.hidden = !found.suspects.length;
        suspects.show(found.suspects);
        return 30;
      },
    };
  },
};

function summary(where, found, page) {
  if (!found.run) return [h("p", { className: "quiet" }, "No run has read a list of this dataset yet.")];
  const { counts, near_copies: copies } = found;
  const links = Object.entries(FILES).filter(([file]) => found[file]).flatMap(([file, name]) =>
    [freshLink(name, found[file].url, async () => (await get(where))[file].url, page.refuse), " "]);
  return [facts([
    ["Run", h("a", { className: "run", href: page.link("run", found.run) }, found.run)],
    ["How far", STAGES[found.stage]],
    ...(counts ? [
      ["Rows", `${count(counts.rows)}: ${count(counts.accepted)} accepted, ${count(counts.rejected)} rejected`],
      ["Sides", `${count(counts.train)} to train, ${count(counts.validation)} to validate, ${count(counts.test)} to test`],
    ] : []),
    ...(copies ? [["Near-copies", copies.images ? `${count(copies.images)} images in ${count(copies.groups)} groups` : "none"]] : []),
    ["Files", links.length ? h("span", {}, ...links) : "–"],
  ]), ...found.notes.map((note) => h("p", { className: "options" }, note))];
}

function reasons({ rejected, complete }) {
  return [
    ...(complete ? [] : [h("p", { className: "quiet" }, "Counted in the beginning of the file alone: it is long.")]),
    ...rejected.map((row) => h("details", { className: "reason" },
      h("summary", { data: { key: row.reason } }, `${count(row.count)} × ${row.reason}: ${row.meaning}`),
      h("ul", {}, ...row.first.map((one) => h("li", {},
        `Line ${one.line}`, one.id === null ? "" : `, id ${one.id}`, one.path ? `, ${one.path}` : "", `: ${one.detail}`))))),
  ];
}
