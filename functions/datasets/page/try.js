// Try an image: drop, choose or paste it, and see its tags.

import { MAX_BYTES, Problem, path, post } from "./api.js";
import { bar, draw, h, time } from "./dom.js";

export const tryIt = {
  id: "try",
  name: "Try",
  open({ dataset }, page) {
    let picture = null;
    const input = h("input", { type: "file", accept: "image/png,image/jpeg,image/webp", aria: { label: "Image to tag" },
      onchange: () => use(input.files[0]) });
    const preview = h("span", {}, h("b", {}, "Drop an image"), h("br"), h("span", { className: "quiet" }, "or choose or paste one: PNG, JPEG, WebP"));
    const drop = h("label", { className: "drop" }, preview, input);
    for (const name of ["dragenter", "dragover", "dragleave", "drop"]) {
      drop.addEventListener(name, (event) => {
        event.preventDefault();
        drop.classList.toggle("over", name === "dragenter" || name === "dragover");
        if (name === "drop") use(event.dataTransfer.files[0]);
      });
    }
    const all = h("input", { type: "checkbox", onchange: () => picture && use(picture) });
    const answer = h("div", {}, h("p", { className: "quiet" }, "Its tags appear here."));
    const tags = `${path("datasets", dataset)}/tags`;
    const url = new URL(tags, location.href.split("#")[0]);
    const paste = (event) => use(event.clipboardData.files[0]);
    addEventListener("paste", paste);

    async function use(file) {
      if (!file) return;
      picture = file;
      const image = h("img", { alt: file.name || "the image", src: URL.createObjectURL(file) });
      image.onload = () => URL.revokeObjectURL(image.src);
      preview.replaceChildren(image);
      answer.replaceChildren(h("p", { className: "quiet" }, "Asking the champion…"));
      try {
        if (file.size > MAX_BYTES) throw new Problem("The image has more than 4.5 MB: put it into the data bucket and send its s3_uri.");
        const found = await post(`${tags}${all.checked ? "?threshold=0&top_k=20" : ""}`, file);
        if (file === picture) show(found);
      } catch (error) {
        if (file !== picture) return;
        answer.replaceChildren(h("p", { className: "error" }, error.message));
        page.say(error.message);
      }
    }

    function show(found) {
      const items = found.tags.map((tag) => {
        const drawn = bar();
        draw(drawn, tag.score, null);
        return h("li", {}, h("span", { className: "name", title: tag.label }, tag.label), drawn, h("span", { className: "number" }, tag.score.toFixed(3)));
      });
      answer.replaceChildren(
        items.length ? h("ul", { className: "bars" }, ...items) : h("p", {}, "No label reaches its threshold."),
        h("p", { className: "quiet options" }, "Model ", h("span", { className: "run" }, found.model.run), `, made ${time(found.model.created)}`));
      page.say(items.length ? `Tags: ${found.tags.map((tag) => tag.label).join(", ")}` : "No tag");
    }

    return {
      element: h("section", { className: "card" }, h("h3", {}, "Try it"),
        h("div", { className: "try" }, drop, h("div", {}, answer,
          h("p", { className: "options" }, h("label", {}, all, " Show the 20 highest scores, tags or not")))),
        h("pre", {}, h("code", {}, `curl --data-binary @image.png ${url}`))),
      close: () => removeEventListener("paste", paste),
    };
  },
};
