// A table in which a person finds rows: a field for words, and a choice of orders.

import { h, put, table } from "./dom.js";

// {element, show(rows)}: `columns` as of table; `word(row)` is what the field looks in, `orders` are
// {name, by: (row) => number or text, down}. What the person chose stays over refreshes.
export function finder(caption, columns, key, { what, word, orders }) {
  const found = table(caption, columns, key);
  const field = h("input", { type: "search", autocomplete: "off", oninput: draw });
  const order = h("select", { onchange: draw }, ...orders.map(({ name }, at) => h("option", { value: at }, name)));
  const told = h("p", { className: "quiet small", role: "status" });
  let rows = [];
  function draw() {
    const words = field.value.trim().toLowerCase();
    const { by, down } = orders[order.value];
    const kept = rows.filter((row) => word(row).toLowerCase().includes(words));
    kept.sort((a, b) => (down ? compare(by(b), by(a)) : compare(by(a), by(b))));
    found.show(kept);
    put(told, words ? `${kept.length} of ${rows.length}` : "");
  }
  return {
    element: h("div", {},
      h("div", { className: "controls" },
        h("label", {}, `Find a ${what} `, field), h("label", {}, "Sort by ", order), told),
      found.element),
    show(all) { rows = all; draw(); },
  };
}

// Numbers before what has none, whichever the direction
function compare(a, b) {
  if (typeof a === "string") return a.localeCompare(b);
  const [x, y] = [a ?? NaN, b ?? NaN];
  return Number.isNaN(x) || Number.isNaN(y) ? Number.isNaN(x) - Number.isNaN(y) : x - y;
}
