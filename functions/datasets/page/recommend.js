// Ask what a user may like, or whoever names items.

import { get, path } from "./api.js";
import { h, put, score, table } from "./dom.js";

const BY = { history: "By what the user rated", items: "By the items named", popularity: "By popularity" };

export const recommend = {
  id: "recommend",
  name: "Recommend",
  kind: "ratings",
  open({ dataset }, page) {
    const user = h("input", { type: "text", name: "user", placeholder: "User", maxLength: 256, aria: { label: "User" } });
    const items = h("input", { type: "text", name: "items", placeholder: "Items, with commas", aria: { label: "Items, the newest last, with commas between" } });
    const seen = h("input", { type: "checkbox" });
    const basis = h("p", { className: "quiet" });
    const found = table("Recommendations", [
      { name: "Title", text: (row) => row.title || row.item },
      { name: "Item", text: (row) => row.item },
      { name: "Score", number: true, text: (row) => score(row.score) },
    ], (row) => row.item);
    found.element.hidden = true;
    async function ask() {
      const query = new URLSearchParams({ top_k: 20, exclude_seen: seen.checked ? 0 : 1 });
      if (user.value.trim()) query.set("user", user.value.trim());
      if (items.value.trim()) query.set("items", items.value.trim());
      const answer = await get(`${path("datasets", dataset, "recommendations")}?${query}`);
      found.show(answer.recommendations);
      found.element.hidden = !answer.recommendations.length;
      const unknown = answer.unknown.length ? ` Not known: ${answer.unknown.join(", ")}.` : "";
      put(basis, `${BY[answer.basis]}${answer.reason ? `: ${answer.reason}` : ""}.${unknown}`);
      page.say(`${answer.recommendations.length} recommendations. ${basis.textContent}`);
    }
    const form = h("form", { className: "row options",
      onsubmit: (event) => { event.preventDefault(); ask().catch(page.refuse); } },
    user, items, h("label", {}, seen, " What was rated, too"), h("button", {}, "Recommend"));
    return { element: h("section", { className: "card" }, h("h3", {}, "Recommend"), form, basis, found.element) };
  },
};
