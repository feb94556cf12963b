// Elements, tables and charts. Text goes in as text, and what a person has in focus stays in place.

const SVG = "http://www.w3.org/2000/svg";

// An element of properties (`className`, `onclick`, `role`, …; `aria` and `data` are objects of attributes)
// and children: nodes, texts, null for nothing.
export function h(name, properties = {}, ...children) {
  const { aria = {}, data = {}, role, ...plain } = properties;
  const element = Object.assign(document.createElement(name), plain);
  if (role) element.setAttribute("role", role);
  for (const [key, value] of Object.entries(aria)) element.setAttribute(`aria-${key}`, value);
  Object.assign(element.dataset, data);
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

// The same for SVG, whose properties are all attributes.
export function s(name, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

// Set a text, if it is another one: nothing is announced or selected anew for nothing.
export function put(element, text) {
  if (element.textContent !== String(text)) element.textContent = text;
}

// Make the children of `parent` those of `items`: kept by key, made, updated, moved or removed.
// The focused element and its ancestors never leave the document while their item is there; where
// it goes, the one that takes its place has the focus.
export function patch(parent, items, key, make, update = () => {}) {
  const there = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  const wanted = items.map((item) => {
    const name = String(key(item));
    const child = there.get(name) || make(item);
    child.dataset.key = name;
    there.delete(name);
    update(child, item);
    return child;
  });
  const orphaned = [...there.values()].find((gone) => gone.contains(document.activeElement));
  const at = orphaned ? [...parent.children].indexOf(orphaned) : -1;
  for (const gone of there.values()) gone.remove();
  wanted.forEach((child, index) => {
    if (parent.children[index] !== child) move(parent, child, parent.children[index] || null);
  });
  if (orphaned) focusOn(parent.children[Math.min(at, parent.children.length - 1)] || parent);
}

const CAN_FOCUS = "a[href],button:not(:disabled),input,select,textarea,summary";

// Give the focus to the first thing in an element that takes it, or to the element.
export function focusOn(element) {
  const first = element.matches(CAN_FOCUS) ? element : element.querySelector(CAN_FOCUS);
  if (!first) element.tabIndex = -1;
  (first || element).focus({ preventScroll: true });
}

// Whether a button does something. It keeps the focus either way, which a disabled one would lose.
export function able(button, can) {
  button.setAttribute("aria-disabled", String(!can));
}

// Insert; an element that is in focus has it afterwards, too.
function move(parent, child, before) {
  const focused = child.contains(document.activeElement) ? document.activeElement : null;
  parent.insertBefore(child, before);
  if (focused && document.activeElement !== focused) focused.focus({ preventScroll: true });
}

// Build the content of `element` anew where `state` (anything JSON can write) is another one than
// before. Focus comes back to the element of the same id, or data-key, inside.
export function rebuild(element, state, build) {
  const now = JSON.stringify(state);
  if (element.tagState === now) return;
  element.tagState = now;
  const focused = element.contains(document.activeElement) ? document.activeElement : null;
  element.replaceChildren(...build().filter((child) => child !== null));
  if (!focused) return;
  const same = [...element.querySelectorAll("[id],[data-key]")].find((one) =>
    focused.id ? one.id === focused.id : focused.dataset.key && one.dataset.key === focused.dataset.key);
  (same || element.querySelector("a,button,input,select,[tabindex]"))?.focus({ preventScroll: true });
}

// A table that is a list of cards where there is little room: {element, show(rows)}.
// `columns` are {name, text: (row) => text} or {name, make: () => node, update: (node, row)};
// `number: true` sets to the right, `short: true` keeps on one line; `key` tells rows apart.
export function table(caption, columns, key) {
  const kind = ({ number, short }) => (number ? "number" : short ? "short" : "");
  const head = h("tr", { role: "row" }, ...columns.map((column) =>
    h("th", { scope: "col", role: "columnheader", className: kind(column) }, column.name)));
  const body = h("tbody", { role: "rowgroup" });
  const element = h("table", { className: "cards", role: "table" },
    h("caption", { className: "unseen" }, caption),
    h("thead", { role: "rowgroup" }, head), body);
  const make = () => h("tr", { role: "row" }, ...columns.map((column) =>
    h("td", { role: "cell", className: kind(column), data: { name: column.name } },
      column.make ? column.make() : null)));
  const update = (line, row) => columns.forEach((column, at) => {
    if (column.make) column.update(line.cells[at].firstChild, row);
    else put(line.cells[at], column.text(row));
  });
  return { element, show: (rows) => patch(body, rows, key, make, update) };
}

// Facts as a list of terms: [[name, text or node], …]
export function facts(rows) {
  return h("dl", { className: "facts" }, ...rows.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
}

// A line chart with its numbers as a table to unfold: {element, show(series)}.
// `series` is [{name, points: [[x, y], …]}, …], points in the order of x; y from `low` to `high`, or
// as the points have it. `labels` are {x, y}: what the axes are of.
export function lines(caption, labels, { low, high } = {}) {
  const drawing = s("svg", { role: "img", class: "chart", "aria-label": caption });
  const key = h("ul", { className: "key" });
  const numbers = h("tbody");
  const head = h("tr");
  const element = h("figure", { className: "drawing" }, h("figcaption", {}, caption), drawing, key,
    h("details", {}, h("summary", {}, "As numbers"),
      h("div", { className: "scroll", tabIndex: 0, role: "group", aria: { label: `${caption}, as numbers` } },
        h("table", {}, h("thead", {}, head), numbers))));
  let shown = [];
  new ResizeObserver(() => plot(drawing, shown, labels, [low, high])).observe(drawing);
  function show(series) {
    const state = JSON.stringify(series);
    if (element.tagState === state) return;
    element.tagState = state;
    shown = series;
    const last = series.filter((one) => one.points.length)
      .map((one) => `${one.name} ${number(one.points.at(-1)[1])}`).join(", ");
    drawing.setAttribute("aria-label", last ? `${caption}: lately ${last}` : `${caption}: nothing yet`);
    plot(drawing, shown, labels, [low, high]);
    patch(key, series, (one) => one.name, (one) => h("li", {}, one.name),
      (item, one) => { item.className = `line${series.indexOf(one) % 4}`; });
    head.replaceChildren(...[labels.x, ...series.map((one) => one.name)].map((name) => h("th", { scope: "col" }, name)));
    const all = [...new Set(series.flatMap((one) => one.points.map(([x]) => x)))].sort((a, b) => a - b);
    numbers.replaceChildren(...all.map((x) => h("tr", {}, h("th", { scope: "row" }, number(x)),
      ...series.map((one) => h("td", { className: "number" }, number(one.points.find((point) => point[0] === x)?.[1]))))));
  }
  return { element, show };
}

const HIGH = 200, LEFT = 44, RIGHT = 8, TOP = 12, BOTTOM = 24; // of a chart, in pixels
const FEW = 30; // points that are drawn each

function plot(drawing, series, labels, ends) {
  const wide = drawing.clientWidth || 480;
  const points = series.flatMap((one) => one.points);
  const xs = points.map(([x]) => x);
  const [x0, x1] = bounds(xs);
  const [y0, y1] = bounds([...points.map(([, y]) => y), ...ends.filter((end) => end !== undefined)]);
  const right = (x) => LEFT + ((wide - LEFT - RIGHT) * (x - x0)) / (x1 - x0);
  const down = (y) => HIGH - BOTTOM - ((HIGH - BOTTOM - TOP) * (y - y0)) / (y1 - y0);
  const ticks = [...new Set(xs.length ? [Math.min(...xs), Math.max(...xs)] : [])];
  drawing.setAttribute("viewBox", `0 0 ${wide} ${HIGH}`);
  drawing.replaceChildren(
    ...[y0, (y0 + y1) / 2, y1].map((y) => s("g", {},
      s("line", { class: "grid", x1: LEFT, x2: wide - RIGHT, y1: down(y), y2: down(y) }),
      s("text", { x: LEFT - 8, y: down(y) + 4, "text-anchor": "end" }, number(y)))),
    ...ticks.map((x, at) => s("text", { x: right(x), y: HIGH - 5, "text-anchor": ticks.length === 1 ? "middle" : at ? "end" : "start" },
      at || ticks.length === 1 ? `${labels.x} ${number(x)}` : number(x))),
    ...series.map((one, index) => s("g", { class: `line${index % 4}` },
      s("polyline", { points: one.points.map(([x, y]) => `${right(x)},${down(y)}`).join(" ") }),
      ...one.points.slice(one.points.length > FEW ? -1 : 0).map(([x, y]) => s("circle", { cx: right(x), cy: down(y), r: 3 })))));
}

// Bars, one a row, with their numbers: {element, show(rows)}. `rows` are {name, value, mark?}, of
// which value and mark lie between 0 and `most`.
export function bars(caption, most = 1) {
  const list = h("ul", { className: "bars" });
  const element = h("figure", { className: "drawing" }, h("figcaption", {}, caption), list);
  const make = ({ name }) => h("li", {}, h("span", { className: "name", title: name }, name), bar(),
    h("span", { className: "number" }));
  const update = (item, { value, mark }) => {
    const [, drawn, said] = item.children;
    draw(drawn, value / most, mark === undefined ? null : mark / most);
    put(said, number(value));
  };
  return { element, show: (rows) => patch(list, rows, (row) => row.name, make, update) };
}

// A bar of a share, with a mark: make it once, draw it as often as its numbers change.
export const bar = () => h("span", { className: "bar", aria: { hidden: true } }, h("i"), h("b", { hidden: true }));
export function draw(element, share, mark) {
  const [filled, line] = element.children;
  filled.style.width = `${100 * Math.min(1, Math.max(0, share))}%`;
  line.hidden = mark === null;
  if (mark !== null) line.style.left = `${100 * Math.min(1, Math.max(0, mark))}%`;
}

function bounds(values) {
  if (!values.length) return [0, 1];
  const least = Math.min(...values), most = Math.max(...values);
  return least === most ? [least - 0.5, most + 0.5] : [least, most];
}

// A link to a file whose address is good for 15 minutes: `find` fetches a new one at each click, of
// whichever button; `failed` is told why it could not.
export function freshLink(text, known, find, failed) {
  const link = h("a", { href: known, target: "_blank", rel: "noopener" }, text);
  const since = Date.now();
  const open_ = async (event) => {
    if (Date.now() - since < 600000 || event.button > 1) return;
    event.preventDefault();
    const tab = open("", "_blank"); // now, while it is the click's doing
    if (tab) tab.opener = null;
    try {
      const url = await find();
      if (tab) tab.location = url; else location.assign(url);
    } catch (error) {
      tab?.close();
      failed(error);
    }
  };
  link.addEventListener("click", open_);
  link.addEventListener("auxclick", open_);
  return link;
}

// What stands where an answer is to come; shell.js says so where none came.
export const loading = () => h("p", { className: "quiet loading" }, "Loading…");

// Numbers and times as the page writes them
export const score = (value) => (value === null || value === undefined ? "–" : value.toFixed(3));
export const count = (value) => (value === null || value === undefined ? "–" : value.toLocaleString("en"));
export const time = (text) => (text ? new Date(text).toLocaleString([], { dateStyle: "medium", timeStyle: "short" }) : "–");
export function number(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  return Number.isInteger(value) ? String(value) : value.toPrecision(3).replace(/\.?0+$/, "");
}

// How long from one time to another, or until now
export function lasting(started, ended) {
  const seconds = (new Date(ended || Date.now()) - new Date(started)) / 1000;
  if (!started || !(seconds >= 0)) return "–";
  if (seconds < 1) return "under 1 s";
  if (seconds < 90) return `${Math.round(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

// What a champion or run is measured by, as people say it
export const metric = (found) => ({ ndcg_at_10: "NDCG@10", macro_recall: "macro recall" })[found?.metric] || "mAP";
