// One run: what is known of it, and its files.

import { get, path } from "./api.js";
import { count, facts, freshLink, h, lasting, rebuild, score, time } from "./dom.js";

const FILES = ["report", "rejects", "verdicts", "suspects"];

export const run = {
  id: "run",
  name: null,
  under: "runs",
  open({ dataset, item }) {
    const where = path("datasets", dataset, "runs", item);
    const known = h("div", {}, h("p", { className: "quiet" }, "Loading…"));
    return {
      element: h("section", { className: "card" }, h("h3", { className: "run" }, item), known),
      async refresh(signal) {
        const found = await get(where, { signal });
        rebuild(known, { ...found, ...Object.fromEntries(FILES.map((file) => [file, Boolean(found[file])])) },
          () => [facts(rows(where, found))]);
        return found.outcome ? 30 : 5;
      },
    };
  },
};

function rows(where, { state, outcome, reason, started, ended, list, counts, metrics, ...files }) {
  const links = FILES.filter((file) => files[file]).flatMap((file) =>
    [freshLink(file, files[file].url, async () => (await get(where))[file].url), " "]);
  return [
    ["Outcome", `${outcome || "going on"}${reason ? `: ${reason}` : ""}`],
    ["State", state || "–"],
    ["Started", time(started)],
    ["Took", lasting(started, ended)],
    ["List", list ? list.key : "–"],
    ...(counts ? [["Rows", `${count(counts.accepted)} accepted, ${count(counts.rejected)} rejected`]] : []),
    ...(metrics ? [["mAP", `${score(metrics.mAP)} (label frequency alone: ${score(metrics.baseline_map)})`]] : []),
    ...(metrics?.champion ? [["Champion then", `mAP ${score(metrics.champion.mAP)} on the same images`]] : []),
    ["Files", links.length ? h("span", {}, ...links) : "–"],
  ];
}
