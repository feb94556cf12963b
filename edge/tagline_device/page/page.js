"use strict";
const at = (id) => document.getElementById(id);
const element = (name, text) => {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
};
const percent = (share) => `${Math.round(100 * share)} %`;
const said = (result) => result.tags.length ? result.tags.join(", ") : result.label ?? `unsure (${result.scores[0].label})`;

function facts(health, online) {
  const known = {
    Dataset: health.dataset,
    Version: health.version ?? "none yet",
    "Frames a second": health.fps.toFixed(0),
    Temperature: health.temperature === null ? "no sensor" : `${health.temperature.toFixed(0)} °C`,
    Connection: online === null ? "not asked for" : online ? "online" : "offline",
    "Results waiting": health.buffered,
    "Results dropped": health.dropped,
    "Last update": health.update ?? "none",
  };
  at("facts").replaceChildren(...Object.entries(known).map(([name, value]) => {
    const pair = document.createElement("div");
    pair.append(element("dt", name), element("dd", String(value)));
    return pair;
  }));
}

function rows(results) {
  at("results").replaceChildren(...results.map((result) => {
    const row = document.createElement("tr");
    const cells = [new Date(result.at).toLocaleTimeString(), said(result), percent(result.confidence), result.version];
    row.append(...cells.map((text) => element("td", text)));
    return row;
  }));
}

function tell(words, well) {
  const line = at("health");
  if (line.textContent !== words) line.textContent = words; // a screen reader hears changes alone
  line.className = well ? "well" : "ill";
}

async function look() {
  try {
    const answer = await fetch("/status.json");
    const status = await answer.json();
    at("device").textContent = document.title = `${status.health.device}: ${status.health.dataset}`;
    tell(status.well ? "The camera is seen, and a model answers." : status.health.camera ? "No model answers yet." : "No frames come from the camera.", status.well);
    facts(status.health, status.online);
    rows(status.results);
  } catch {
    tell("The device does not answer.", false);
  }
  setTimeout(look, 1000);
}
look();
