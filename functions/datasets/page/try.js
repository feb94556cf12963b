// Try images: drop, choose or paste them, or take pictures, and see and correct their tags.

import { hasCamera, openCamera } from "./camera.js";
import { path } from "./api.js";
import { focusOn, h, patch, put } from "./dom.js";
import { Shots, tagsOf } from "./shots.js";
import { inWords, verdict } from "./verdict.js";

const KINDS = "image/png,image/jpeg,image/webp";
const kept = new Map(); // dataset → its images, while the page is open

export const tryIt = {
  id: "try",
  kind: "images",
  name: "Try",
  open({ dataset }, page) {
    if (!kept.has(dataset)) kept.set(dataset, new Shots(dataset));
    const shots = kept.get(dataset);
    const choice = { threshold: null, find: "", all: false };
    let current = shots.all.at(-1) || null;
    const whose = h("input", { type: "text", name: "who", placeholder: "Your name", autocomplete: "name", maxLength: 100, hidden: !page.open,
      value: localStorage.getItem("who") || "", aria: { label: "Your name, kept with corrections" },
      onchange: () => localStorage.setItem("who", whose.value.trim()) });
    const one = verdict(shots, page, choice, whose);
    const strip = h("ul", { className: "strip", aria: { label: "Images" } });
    const settings = controls(choice, () => shots.changed(), () => page.say(inWords(current, choice.threshold)));
    const results = h("div", { className: "results" }, strip, settings.element, one.element);

    const gathered = gather(use);
    shots.changed = () => {
      const focused = results.contains(document.activeElement);
      if (!shots.all.includes(current)) current = shots.all.at(-1) || null;
      results.hidden = !current;
      if (focused && !current) focusOn(gathered);
      strip.hidden = shots.all.length < 2;
      patch(strip, shots.all, ({ key }) => key, make, update);
      if (!current) return;
      settings.show(current);
      one.show(current);
    };
    shots.told = (shot) => {
      const left = shots.all.filter(({ state }) => state === "waiting" || state === "asking").length;
      page.say(inWords(shot, choice.threshold) + (left ? ` – ${left} to come` : ""));
    };

    function make(shot) {
      return h("li", {}, h("button", { type: "button", onclick: () => { current = shot; shots.changed(); } },
        h("img", { src: shot.url, alt: "" }), h("span", { className: "unseen" }, `${shot.name}: `), h("span")));
    }
    function update(item, shot) {
      const button = item.firstChild;
      button.className = shot.state;
      if (shot === current) button.setAttribute("aria-current", "true"); else button.removeAttribute("aria-current");
      const tags = tagsOf(shot, choice.threshold);
      const many = tags.length === 1 ? "1 tag" : `${tags.length} tags`;
      put(button.lastChild, { tagged: shot.single ? tags[0]?.label ?? "unsure" : many, failed: "failed" }[shot.state] || "…");
    }

    function use(files) {
      const [first] = shots.add(files); // the API says of each that is no image what it is
      if (first) { current = first; shots.changed(); }
    }

    const pasted = (event) => event.clipboardData?.files.length && use(event.clipboardData.files);
    addEventListener("paste", pasted);
    shots.changed();
    return {
      element: h("section", { className: "card" }, h("h3", {}, "Try images"), gathered, results, shell(dataset, page.open)),
      close() {
        removeEventListener("paste", pasted);
        shots.changed = shots.told = () => {};
      },
    };
  },
};

function gather(use) {
  const input = h("input", { type: "file", accept: KINDS, multiple: true, aria: { label: "Images to tag" },
    onchange: () => { use(input.files); input.value = ""; } });
  const drop = h("label", { className: "drop" }, h("b", {}, "Drop images here"),
    h("span", { className: "quiet" }, "or choose or paste them: PNG, JPEG, WebP"), input);
  for (const name of ["dragenter", "dragover", "dragleave", "drop"]) {
    drop.addEventListener(name, (event) => {
      event.preventDefault();
      drop.classList.toggle("over", name === "dragenter" || name === "dragover");
      if (name === "drop") use(event.dataTransfer.files);
    });
  }
  const camera = h("button", { type: "button", hidden: !hasCamera(), onclick: () => openCamera((file) => use([file])) }, "Use the camera");
  return h("div", { className: "gather" }, drop, camera);
}

// How tags are chosen and which labels are shown
function controls(choice, changed, settled) {
  const own = h("input", { type: "checkbox", checked: true, onchange: () => set(own.checked ? null : Number(slider.value)) });
  const slider = h("input", { type: "range", min: 0, max: 1, step: 0.01, value: 0.5, id: "threshold", oninput: () => set(Number(slider.value)), onchange: settled });
  const shown = h("output", { htmlFor: "threshold", className: "number" });
  const find = h("input", { type: "search", placeholder: "Find a label", aria: { label: "Find a label" }, oninput: () => { choice.find = find.value; changed(); } });
  const all = h("input", { type: "checkbox", onchange: () => { choice.all = all.checked; changed(); } });
  const many = h("span");
  function set(threshold) {
    choice.threshold = threshold;
    own.checked = threshold === null;
    show(null);
    changed();
  }
  function show(shot) {
    put(shown, choice.threshold === null ? "" : choice.threshold.toFixed(2));
    slider.classList.toggle("idle", choice.threshold === null);
    slider.setAttribute("aria-valuetext", choice.threshold === null ? "each label's own" : choice.threshold.toFixed(2));
    if (shot) put(many, shot.scores.length ? `All ${shot.scores.length} labels` : "All labels");
  }
  show(null);
  return {
    show,
    element: h("div", { className: "controls" },
      h("label", {}, own, " Each label’s own threshold"),
      h("label", { className: "slider" }, "One for all ", slider, shown),
      find, h("label", {}, all, " ", many)),
  };
}

function shell(dataset, open) {
  const url = new URL(`${path("datasets", dataset)}/tags`, location.href.split("#")[0].split("?")[0]);
  return h("details", { className: "shell" }, h("summary", {}, "From a shell"),
    h("pre", {}, h("code", {}, `curl ${open ? "" : '-H "Authorization: Bearer $TOKEN" '}--data-binary @image.png ${url}`)));
}
