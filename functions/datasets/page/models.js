// Who served when, and the orders about it: redeploy, roll back, promote, each asked for once more.

import { get, path, post } from "./api.js";
import { able, focusOn, h, metric, put, score, table, time } from "./dom.js";

const DOES = {
  redeploy: "Redeploy the champion",
  rollback: "Roll back",
  promote: "Promote",
};
const LOOK = 2000; // milliseconds between two looks at an order that is being carried out

export const models = {
  id: "models",
  name: "Models",
  open({ dataset }, page) {
    const where = path("datasets", dataset);
    const closed = h("p", { className: "quiet", id: "closed" });
    const told = h("p", { id: "order-told" });
    const redeploy = h("button", {}, DOES.redeploy);
    const asking = dialog(page);
    let busy = false, left = false;

    const act = (kind) => () => h("div", {}, h("button", { className: "order" }, DOES[kind]), h("span", { className: "quiet small" }));
    const acting = (kind, obstacle) => (cell, row) => {
      const [button, words] = cell.children;
      const why = obstacle(row);
      put(words, why);
      if (why && button === document.activeElement) focusOn(cell.closest("tr"));
      button.hidden = Boolean(why);
      able(button, !refused() && !busy);
      button.setAttribute("aria-describedby", "closed");
      button.setAttribute("aria-label", `${DOES[kind]}${kind === "promote" ? "" : " to"} ${row.run}`);
      button.onclick = () => order(button, kind, row.run);
    };
    const past = table(`Champions of ${dataset}, newest first`, [
      { name: "Run", make: () => h("a", { className: "run" }), update: (link, row) => {
        link.href = page.link("run", row.run);
        put(link, row.run);
      } },
      { name: "Since", short: true, text: (row) => time(row.since) },
      { name: "Until", short: true, text: (row) => (row.until ? time(row.until) : "serves") },
      { name: metric(page.details?.champion), number: true, text: (row) => score(row.value ?? row.mAP) },
      { name: "Why", text: (row) => (row.order ? `${row.order.by}: ${row.order.why}` : row.reason || "") },
      { name: "Roll back", make: act("rollback"), update: acting("rollback", obstacle) },
    ], (row) => `${row.run} ${row.since}`);
    const others = table("Runs with a model that never served", [
      { name: "Run", make: () => h("a", { className: "run" }), update: (link, row) => {
        link.href = page.link("run", row.run);
        put(link, row.run);
      } },
      { name: "Ended", short: true, text: (row) => time(row.ended) },
      { name: metric(page.details?.champion), number: true, text: (row) => score(row.value ?? row.mAP) },
      { name: "Why not", text: (row) => row.reason || "" },
      { name: "Promote", make: act("promote"), update: acting("promote", () => "") },
    ], (row) => row.run);
    const noOthers = h("p", { className: "quiet" }, "None.");
    let history = [], rest = [];
    const why = h("span", { className: "quiet small", id: "redeploy-why" });

    // What keeps a row's run from being gone back to, in words
    function obstacle({ run, until, obstacle: told }) {
      return until === null ? "serves" : run === page.details?.champion?.run ? "serves again" : told || "";
    }
    const refused = () => page.details?.changes_refused || "";

    function draw() {
      const serves = page.details?.health?.serves === true;
      put(why, serves ? "It serves: there is nothing to redeploy." : history.length ? "" : "There is no champion.");
      able(redeploy, !refused() && !why.textContent && !busy);
      put(closed, refused());
      past.show(history);
      past.element.hidden = !history.length;
      others.show(rest);
      others.element.hidden = !rest.length;
      noOthers.hidden = rest.length > 0;
    }

    async function order(button, kind, run) {
      if (button.getAttribute("aria-disabled") === "true") return;
      const asked = await asking(kind, run);
      if (!asked) return;
      busy = true;
      draw();
      try {
        const given = await post(`${where}/orders`, asked);
        tell(`${DOES[kind]}: ${given.run} is being deployed, tried and tested.`);
        await followed(given);
      } catch (error) {
        if (left) return;
        tell(error.message, true);
      } finally {
        busy = false;
        if (!left) page.again();
      }
    }

    // Look at an order's execution until it ends.
    async function followed({ run, execution }) {
      const look = `${path("datasets", dataset, "runs", run, "progress")}?execution=${encodeURIComponent(execution)}`;
      for (;;) {
        await new Promise((done) => setTimeout(done, LOOK));
        if (left) return;
        const found = await get(look);
        if (found.status === "RUNNING" || found.status === null) {
          if (found.current) put(told, `${run}: ${found.current} is going on.`);
          continue;
        }
        const { champion } = await get(where);
        const there = champion?.run === run;
        tell(there ? `${run} serves.` : `${run} was not made champion: its page tells why.`, !there);
        return;
      }
    }

    function tell(text, bad = false) {
      told.className = bad ? "error" : "";
      put(told, text);
      page.say(text);
    }

    redeploy.onclick = () => order(redeploy, "redeploy", page.details?.champion?.run);
    able(redeploy, false); // until it is known
    redeploy.setAttribute("aria-describedby", "redeploy-why closed");
    return {
      element: h("div", {},
        h("section", { className: "card" }, h("h3", {}, "Champions"), closed, told,
          h("p", { className: "row options" }, redeploy, why), past.element),
        h("section", { className: "card" }, h("h3", {}, "Models that never served"), noOthers, others.element)),
      async refresh(signal) {
        const [past_, runs] = await Promise.all([
          get(`${where}/champions`, { signal }), get(`${where}/runs?limit=100`, { signal }),
        ]);
        history = past_.champions;
        const served = new Set(history.map((row) => row.run));
        rest = runs.runs.filter((row) => row.value !== null && row.outcome && !served.has(row.run));
        draw();
        return busy ? 5 : 30;
      },
      close() { left = true; },
    };
  },
};

// Ask once more, with the reason: what the order says, or null.
function dialog(page) {
  return (kind, run) => new Promise((done) => {
    const needsWhy = kind !== "redeploy";
    const why = h("textarea", { required: needsWhy, maxLength: 500, rows: 3 });
    const who = h("input", { maxLength: 200, autocomplete: "name" });
    const title = h("h3", { id: "order-title" }, `${DOES[kind]}${needsWhy ? "?" : ` ${run}?`}`);
    const box = h("dialog", { aria: { labelledby: "order-title" } }, h("form", { method: "dialog" }, title,
      h("p", {}, needsWhy
        ? `${run} will be deployed and tested, then it serves instead of the champion, whatever the gate said.`
        : `${run} will be deployed again as it was.`),
      ...(needsWhy ? [h("label", {}, "Why (kept with the champion)", why)] : []),
      ...(page.open && needsWhy ? [h("label", {}, "Your name", who)] : []),
      h("div", { className: "row options" },
        h("button", { value: "yes", className: "main" }, DOES[kind]),
        h("button", { value: "no", formNoValidate: true }, "Cancel"))));
    box.addEventListener("close", () => {
      const said = box.returnValue === "yes";
      box.remove();
      done(said ? {
        kind,
        ...(needsWhy ? { run, why: why.value } : {}),
        ...(who.value.trim() ? { who: who.value.trim() } : {}),
      } : null);
    });
    document.body.append(box);
    box.showModal();
    (needsWhy ? why : box.querySelector("button")).focus();
  });
}
