// Devices: who is there, what they run, and the frames that they were unsure of, to be labelled.

import { get, path, post } from "./api.js";
import { able, facts, h, loading, number, patch, put, rebuild, score, table, time } from "./dom.js";

const labelled = new Set(); // hashes of frames, while the page is open

export const devices = {
  id: "devices",
  kind: "images",
  name: "Devices",
  open({ dataset }, page) {
    const known = h("div", { className: "parts" }, loading());
    const list = table("Devices", COLUMNS, ({ device }) => device);
    const frames = h("ul", { className: "frames" });
    const there = card("Registered", list.element);
    const unsure = card("Frames to label", h("p", { className: "quiet" },
      "What devices' models were unsure of. A label that is saved goes into the next list as a correction."), frames);
    there.hidden = unsure.hidden = true;

    function make(frame) {
      const field = `label-${frame.hash}`;
      const chosen = h("select", { id: field });
      const save = h("button", { type: "button" }, "Save label");
      const told = h("span", { className: "small quiet", role: "status" });
      save.onclick = () => keep(frame, chosen.value, save, told);
      return h("li", {},
        h("img", { src: frame.url, alt: `Frame of ${frame.device}`, loading: "lazy" }),
        h("p", { className: "small quiet" }),
        h("div", { className: "row" }, h("label", { htmlFor: field }, "Shows "), chosen, save, told));
    }

    function update(item, frame) {
      const seen = frame.scores.map(({ label, score: value }) => `${label} ${score(value)}`).join(", ");
      put(item.querySelector("p"), `${frame.device}, ${time(frame.at)}: ${seen}`);
      const chosen = item.querySelector("select"), names = page.details?.labels || [];
      const best = frame.scores[0]?.label;
      rebuild(chosen, names, () => names.map((name) => h("option", { value: name, selected: name === best }, name)));
    }

    async function keep(frame, label, save, told) {
      able(save, false);
      try {
        await post(`${path("datasets", dataset)}/feedback`, { hash: frame.hash, added: [label] });
        labelled.add(frame.hash);
        put(told, `saved: ${label}`);
        page.say(`The frame of ${frame.device} is labelled ${label}`);
      } catch (error) {
        put(told, error.message);
        able(save, true);
      }
    }

    return {
      element: h("div", { className: "parts" }, card("Devices", known), there, unsure),
      async refresh(signal) {
        const found = await get(path("datasets", dataset, "devices"), { signal });
        rebuild(known, [found.version, found.run, found.devices.length], () => summary(found, page));
        there.hidden = !found.devices.length;
        list.show(found.devices);
        const left = found.frames.filter(({ hash }) => !labelled.has(hash));
        unsure.hidden = !left.length && !frames.children.length;
        patch(frames, left, ({ hash }) => hash, make, update);
        return 30;
      },
    };
  },
};

const card = (title, ...children) => h("section", { className: "card" }, h("h3", {}, title), ...children);

function summary({ dataset, devices: all, run, version }, page) {
  if (!all.length) {
    return [h("p", { className: "quiet" }, `No device is registered: tagline device add NAME --dataset ${dataset}`)];
  }
  const champion = run ? h("a", { href: page.link("run", run), className: "run" }, run) : "none yet";
  return [facts([["Champion", champion], ["Released as", version || "not released to devices"]])];
}

const COLUMNS = [
  { name: "Device", text: ({ device }) => device },
  { name: "State", make: () => h("span", { className: "badge" }), update: (badge, row) => {
    const [word, mood] = state(row);
    put(badge, word);
    badge.className = `badge ${mood}`;
  } },
  { name: "Version", text: ({ version, current }) => (version ? `${version}${current === false ? ", not the champion's" : ""}` : "none") },
  { name: "Last seen", text: ({ seen }) => (seen ? time(seen) : "never") },
  { name: "Frames/s", number: true, text: ({ fps }) => (fps === null ? "–" : number(fps)) },
  { name: "Waiting", number: true, text: ({ buffered }) => (buffered === null ? "–" : String(buffered)) },
  { name: "Group", text: ({ group }) => group || "none" },
  { name: "Said", text: ({ problem, update }) => problem || update || "" },
];

function state({ online, camera, seen }) {
  if (!online) return [seen ? "offline" : "never seen", "warm"];
  return camera === false ? ["no camera", "bad"] : ["online", "good"];
}
