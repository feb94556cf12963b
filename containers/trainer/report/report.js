// Search and order of the labels; without it they stand from the best to the worst.
(() => {
  const form = document.getElementById("controls");
  const [find, sort, reverse, shown] = ["find", "sort", "reverse", "shown"].map((id) => document.getElementById(id));
  const lists = [...document.querySelectorAll("[data-labels]")];
  const rows = new Map([...lists[0].children].map((row) => [row.dataset.label, row]));
  const name = (item) => rows.get(item.dataset.label).firstElementChild.textContent.toLowerCase();
  const value = (item) => Number(rows.get(item.dataset.label).dataset[sort.value] ?? -Infinity);
  const order = (a, b) => sort.value === "name" ? name(a).localeCompare(name(b)) : value(b) - value(a);
  const show = () => {
    const word = find.value.trim().toLowerCase();
    for (const list of lists) {
      const items = [...list.children].sort((a, b) => (reverse.checked ? order(b, a) : order(a, b)) || 0);
      for (const item of items) item.hidden = !name(item).includes(word);
      list.append(...items);
    }
    const left = [...rows.values()].filter((row) => !row.hidden).length;
    shown.textContent = word ? `${left} of ${rows.size} labels` : "";
  };
  for (const kind of ["input", "change"]) form.addEventListener(kind, show);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  const open = (yes) => document.querySelectorAll("details").forEach((one) => { one.open = yes; });
  addEventListener("beforeprint", () => open(true));
  addEventListener("afterprint", () => open(false));
})();

// The confusion matrix in another order: rows and columns alike.
(() => {
  const form = document.getElementById("confusion");
  if (!form) return;
  const order = document.getElementById("order");
  const body = document.getElementById("confusions");
  const rows = [...body.closest("table").rows].map((row) => [row, [...row.cells]]);
  const heads = rows[0][1].slice(1, -2);
  const rank = (one) => Number(one.dataset[order.value]);
  form.addEventListener("change", () => {
    const places = heads.map((_, place) => place).sort((a, b) => rank(heads[a]) - rank(heads[b]));
    for (const [row, cells] of rows) row.append(cells[0], ...places.map((place) => cells[place + 1]), ...cells.slice(-2));
    body.append(...[...body.rows].sort((a, b) => rank(a) - rank(b)));
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
})();
