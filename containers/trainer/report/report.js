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
