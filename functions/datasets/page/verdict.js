// One image beside its labels: bars against their thresholds, what they hang on, corrections.

import { able, bar, draw, focusOn, h, patch, put, time } from "./dom.js";
import { opposite, send } from "./corrections.js";
import { isTag, limitOf, tagsOf } from "./shots.js";

const MOST_ROWS = 200; // more are found by the filter
const FIRST = 5; // labels of an image that has exactly one
const SAYS_YES = ["confirmed", "added"];

// `choice` is what the person set: {threshold (null: each label's own), find, all}.
export function verdict(shots, page, choice, whose) {
  let shot = null, hot = null, busy = false;
  const image = h("img", { onerror: () => { image.hidden = true; put(none, "This browser cannot show the image."); } });
  const heat = h("img", { className: "heat", alt: "", hidden: true });
  const none = h("p", { className: "quiet" });
  const name = h("h4");
  const model = h("p", { className: "quiet small" });
  const said = h("p", { className: "small" });
  const again = h("button", { type: "button", onclick: () => { focusOn(name); shots.again(shot); } }, "Try again");
  const remove = h("button", { type: "button", className: "link", onclick: () => shots.remove(shot) }, "Take the image away");
  const list = h("ul", { className: "bars tags" });
  const rest = h("p", { className: "quiet small" });
  const save = h("button", { type: "button", className: "main", onclick: () => store(shot.marks, "Saved") });
  const undo = h("button", { type: "button", onclick: () => takeBack() }, "Undo");
  const saving = h("p", { className: "small", role: "status" });
  const others = h("button", { type: "button", onclick: () => confirmOthers() }, "Confirm the other tags");
  const foot = h("div", { className: "row saving" }, save, others, undo, whose, saving);
  const element = h("div", { className: "verdict" },
    h("figure", { className: "picture" }, h("div", { className: "frame" }, image, heat), none,
      h("figcaption", {}, name, model, said, h("p", { className: "row" }, again, remove))),
    h("div", {}, list, rest, foot));

  function make({ label }) {
    const where = h("button", { type: "button", className: "name", title: label, onclick: () => showWhere(label) }, label);
    const yes = h("button", { type: "button", className: "act", onclick: () => mark(label, "yes") });
    const no = h("button", { type: "button", className: "act", onclick: () => mark(label, "no") }, "✕");
    const number = h("span", { className: "number" });
    const told = h("span", { className: "unseen" });
    return h("li", {}, where, bar(), number, told, h("span", { className: "acts" }, yes, no));
  }

  function update(row, one) {
    const [where, drawn, number, told, acts] = row.children;
    const [yes, no] = acts.children;
    const tag = isTag(shot, one, choice.threshold), limit = limitOf(shot, one.label, choice.threshold);
    const kind = shot.marks.get(one.label);
    row.className = `${tag ? "is" : "not"} ${kind || ""}`;
    draw(drawn, one.score, limit);
    put(number, one.score.toFixed(3));
    const is = shot.single ? (tag ? "the label" : "not the label") : tag ? "a tag" : "no tag";
    put(told, `, threshold ${limit.toFixed(2)}, ${is}${kind ? `, ${kind}` : ""}`);
    where.setAttribute("aria-pressed", one.label === hot);
    put(yes, tag ? "✓" : "+");
    yes.setAttribute("aria-label", `${tag ? "Confirm" : "Add"} ${one.label}`);
    yes.setAttribute("aria-pressed", kind === "confirmed" || kind === "added");
    no.setAttribute("aria-label", `Remove ${one.label}`);
    no.setAttribute("aria-pressed", kind === "removed");
    no.classList.toggle("away", shot.single || (!tag && kind !== "removed")); // naming another one takes it away
  }

  // What the person says of a label; the same again takes it back.
  function mark(label, answer) {
    const one = shot.scores.find((found) => found.label === label);
    const wanted = answer === "no" ? "removed" : isTag(shot, one, choice.threshold) ? "confirmed" : "added";
    const there = shot.marks.get(label);
    const same = there === wanted || (answer === "yes" && (there === "added" || there === "confirmed"));
    if (shot.single) for (const [other, kind] of shot.marks) if (SAYS_YES.includes(kind)) shot.marks.delete(other);
    if (same) shot.marks.delete(label);
    else shot.marks.set(label, wanted);
    page.say(same ? `${label}: taken back` : `${label}: ${wanted}, not saved yet`);
    put(saving, "");
    shots.changed();
  }

  async function store(marks, word) {
    const stored = shot, sent = new Map(marks);
    if (busy || !marks.size) return;
    busy = true;
    put(saving, "Saving…");
    shots.changed();
    try {
      const kept = await send(shots.dataset, stored.file, sent, stored.model.run, whose.value.trim());
      stored.saved = word === "Saved" ? sent : null;
      for (const [label, kind] of sent) if (stored.marks.get(label) === kind) stored.marks.delete(label); // newer ones stay
      report(`${word}: ${sent.size === 1 ? "1 correction" : `${sent.size} corrections`} of ${stored.name}.${newRow(kept, sent)}`);
    } catch (error) {
      report(error.message, true);
    } finally {
      busy = false;
      shots.changed();
    }
  }

  // A list's next row of an image that it does not have yet has what was said, and no other label.
  function newRow(kept, sent) {
    if (kept.image?.id !== null) return "";
    const labels = [...sent].filter(([, kind]) => kind !== "removed").map(([label]) => label);
    return ` The list does not have this image yet: its row will have ${labels.join(", ") || "no label"}, and no others.`;
  }

  function confirmOthers() {
    if (busy || !unmarked().length) return;
    for (const { label } of unmarked()) shot.marks.set(label, "confirmed");
    page.say("The other tags are confirmed, not saved yet");
    shots.changed();
  }
  const unmarked = () => tagsOf(shot, choice.threshold).filter(({ label }) => !shot.marks.has(label));

  function report(text, wrong = false) {
    put(saving, text);
    saving.classList.toggle("error", wrong);
  }

  // Where an image has exactly one label, what was sent is corrected by naming another one.
  const undoable = () => shot.marks.size || (shot.saved && !shot.single);

  // Marks that were not sent are forgotten; sent ones are followed by their opposite.
  function takeBack() {
    if (busy || !undoable()) return undefined;
    if (shot.marks.size) {
      shot.marks.clear();
      report("Nothing is marked any more.");
      return shots.changed();
    }
    const back = opposite(shot.saved);
    if (back.size) return store(back, "Taken back");
    shot.saved = null;
    report("A confirmation stays; there is nothing to take back.");
    return shots.changed();
  }

  async function showWhere(label) {
    hot = hot === label ? null : label;
    shots.changed();
    if (!hot) return;
    const asked = shot;
    if (!asked.heat) {
      put(said, "Asking what the tags hang on…");
      try {
        await shots.explain(asked);
      } catch (error) {
        if (asked === shot) { hot = null; put(said, error.message); page.say(error.message); }
        return shots.changed();
      }
    }
    if (asked !== shot || hot !== label) return;
    const text = asked.heat[label] ? `Red is what “${label}” hangs on.`
      : `Where “${label}” comes from is told of the likeliest labels only.`;
    put(said, text);
    page.say(text);
    shots.changed();
  }

  // Show an image as it is now.
  function show(other) {
    if (other !== shot) {
      shot = other;
      hot = null;
      put(said, "");
      report("");
      image.hidden = false;
      image.src = shot.url;
      put(none, "");
      put(name, shot.name);
    }
    image.alt = shot.name;
    const map = hot && shot.heat?.[hot];
    heat.hidden = !map;
    if (map) heat.src = map;
    const tagged = shot.state === "tagged";
    again.hidden = shot.state !== "failed";
    model.replaceChildren(...(tagged ? ["Model ", h("span", { className: "run" }, shot.model.run), `, made ${time(shot.model.created)}`] : []));
    const rows = wanted();
    patch(list, rows.slice(0, MOST_ROWS), ({ label }) => label, make, update);
    list.hidden = !rows.length;
    rest.className = shot.state === "failed" ? "error" : "quiet small";
    put(rest, restOf(rows.length));
    const pending = shot.marks.size;
    foot.hidden = !tagged;
    able(save, !busy && pending);
    put(save, pending === 1 ? "Save 1 correction" : pending ? `Save ${pending} corrections` : "Save corrections");
    others.hidden = shot.single;
    able(others, !busy && unmarked().length);
    able(undo, !busy && undoable());
  }

  function wanted() {
    const find = choice.find.trim().toLowerCase();
    if (find) return shot.scores.filter(({ label }) => label.toLowerCase().includes(find));
    if (choice.all) return shot.scores;
    return shot.scores.filter((one, at) =>
      (shot.single && at < FIRST) || isTag(shot, one, choice.threshold) || shot.marks.has(one.label));
  }

  function restOf(shown) {
    if (shot.state === "failed") return shot.problem;
    if (shot.state !== "tagged") return "Asking the champion…";
    if (shown > MOST_ROWS) return `${shown - MOST_ROWS} more: find them by name.`;
    if (shot.single && shown && !tagsOf(shot, choice.threshold).length) {
      return `Unsure: ${shot.scores[0].label} is likeliest, and below its threshold.`;
    }
    if (shown) return "";
    return choice.find.trim() ? "No label is called so." : "No label reaches its threshold.";
  }

  return { element, show };
}

// One image in words, for a screen reader
export function inWords(shot, threshold) {
  if (shot.state === "failed") return `${shot.name}: ${shot.problem}`;
  const tags = tagsOf(shot, threshold).map(({ label }) => label);
  if (shot.single && !tags.length) return `${shot.name}: unsure, ${shot.scores[0].label} is likeliest`;
  return tags.length ? `${shot.name}: ${tags.join(", ")}` : `${shot.name}: no tag`;
}
