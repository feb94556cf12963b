// The page's frame: what the address asks for, the lists that lead there, and one poller.
//
// The address is #<dataset>/<view>[/<item>]. To add a view, write a module and add a line to VIEWS:
//
//   export const drift = {
//     id: "drift",            // its word in the address
//     kind: "images",         // optional: of which datasets it is a view
//     name: "Drift",          // its word in the list of views; null where only links lead to it,
//     under: "runs",          //   and then the view that is marked in the list
//     open(place, page) {     // place: {dataset, view, item}
//       const element = h("section", { className: "card" }, h("h3", {}, "Drift"), …);
//       return {
//         element,            // shown under the dataset's head (h2), so headings begin at h3
//         async refresh(signal) {  // fetch by get(path(…), { signal }) and patch what is shown;
//           return 5;         //   seconds until the next time, 30 without an answer
//         },
//         close() {},         // optional: the person leaves
//       };
//     },
//   };
//
// `page` has: details, the newest GET /datasets/{dataset}, there before each refresh (up to 30 s
// old); say(text), which a screen reader reads; go(view, item), another view of this dataset;
// link(view, item), its address; again(), to ask everything now, as after a change; refuse(error),
// to show why something failed as refresh does; open, true where the stack does not ask who calls.
// What refresh throws is shown above the view; a 401 leads to signing in. Refreshing patches: use
// put, patch, table, lines, rebuild of dom.js, and the focused element stays where it is.

import { Problem, get, path } from "./api.js";
import { h, loading, metric, patch, put, rebuild, score } from "./dom.js";
import { devices } from "./devices.js";
import { drift } from "./drift.js";
import { showHead } from "./head.js";
import { begin, ready, signIn, signOut, signedIn } from "./session.js";
import { signInView } from "./signin.js";
import { compare } from "./compare.js";
import { models } from "./models.js";
import { recommend } from "./recommend.js";
import { rowsView } from "./rows.js";
import { run } from "./run.js";
import { runs } from "./runs.js";
import { tryIt } from "./try.js";

const VIEWS = [tryIt, recommend, runs, models, rowsView, drift, devices, run, compare];

const SLOWLY = 30; // seconds between two looks at what changes seldom
const $ = (id) => document.getElementById(id);
let place = { dataset: "", view: "", item: "" };
let shown = null; // the opened view
let details = null; // of place.dataset
let judged = ""; // what models are judged by, as the view was told
let leaving = new AbortController();
let timer = 0;
let turn = 0; // tells an answer that came too late
let listed = 0, detailed = 0; // when that was asked for last
let pages = 1; // of datasets that are shown
let sent = false; // to the first dataset, by the page itself

const page = {
  get details() { return details; },
  say,
  go: (view, item) => { location.hash = link(view, item); },
  link,
  get open() { return signIn()?.auth === "none"; },
  again: () => { listed = detailed = 0; return tick(); },
  refuse,
};

function link(view, item, dataset = place.dataset) {
  return `#${[dataset, view, ...(item ? [item] : [])].map(encodeURIComponent).join("/")}`;
}

function asked() {
  const [dataset = "", view = "", ...item] = location.hash.slice(1).split("/").map((part) => {
    try { return decodeURIComponent(part); } catch { return part; }
  });
  return { dataset, view: view || VIEWS[0].id, item: item.join("/") };
}

function say(text) {
  $("said").textContent = "";
  setTimeout(() => put($("said"), text), 50); // the same words are read again, too
}

// Show what the address asks for; a person who went there has the focus on its title.
function navigate(byPerson) {
  leaving.abort();
  leaving = new AbortController();
  shown?.close?.();
  shown = null;
  const before = place;
  place = asked();
  if (place.dataset !== before.dataset) { details = null; detailed = 0; }
  if (!place.dataset) listed = 0; // the first one is asked for
  put($("notice"), "");
  markDatasets();
  if (place.dataset) openView();
  tick();
  if (byPerson && place.dataset) ($("view").querySelector("h3") || $("title"))?.focus({ preventScroll: true });
}

function openView() {
  const view = VIEWS.find(({ id }) => id === place.view);
  showHead($("head"), place.dataset, details);
  showViews(view);
  document.title = `${place.dataset}${view?.name ? ` · ${view.name}` : ""} · Tagline`;
  if (!view) return nothing(`There is no view “${place.view}”.`, "Choose one of those above.");
  shown?.close?.();
  judged = metric(details?.champion);
  shown = view.open(place, page);
  for (const title of shown.element.querySelectorAll("h3")) title.tabIndex = -1;
  fill($("view"), shown.element);
}

function nothing(title, text) {
  shown?.close?.();
  shown = null;
  rebuild($("view"), [title, text], () => [
    h("section", { className: "card" }, h("h3", { tabIndex: -1 }, title), h("p", { className: "quiet" }, text))]);
}

// Put an element in the place of what is shown; a focus in there goes on to its title.
function fill(parent, element) {
  const focused = parent.contains(document.activeElement);
  parent.replaceChildren(element);
  parent.tagState = null;
  if (focused) element.querySelector("h3")?.focus({ preventScroll: true });
}

function noDataset() {
  document.title = "Tagline";
  rebuild($("head"), [place.dataset, "none"], () => [h("h2", { id: "title", tabIndex: -1 }, place.dataset || "No dataset yet")]);
  $("views").hidden = true;
  if (place.dataset) nothing(`There is no dataset “${place.dataset}”.`, "Choose one from the list, or drop a list file to make it.");
  else nothing("Drop a list", "Put a list file to <dataset>/lists/<name>.lst in the data bucket.");
}

function showViews(current) {
  $("views").hidden = false;
  const kind = details?.kind || "images";
  patch($("views"), VIEWS.filter((one) => one.name && (one.kind || kind) === kind), ({ id }) => id, ({ name }) => h("a", {}, name), (anchor, { id }) => {
    anchor.href = link(id);
    mark(anchor, id === current?.id ? "page" : id === current?.under ? "true" : null);
  });
}

function mark(anchor, current) {
  if (current) anchor.setAttribute("aria-current", current);
  else anchor.removeAttribute("aria-current");
}

function markDatasets() {
  for (const anchor of $("datasets").querySelectorAll("a")) mark(anchor, anchor.dataset.name === place.dataset ? "true" : null);
}

async function loadDatasets(signal) {
  const found = [];
  let next = "";
  for (let at = 0; at < pages && next !== null; at += 1) {
    const answer = await get(`datasets?limit=50${next ? `&next=${encodeURIComponent(next)}` : ""}`, { signal });
    found.push(...answer.datasets);
    next = answer.next;
  }
  $("more").hidden = !next;
  patch($("datasets"), found, ({ dataset }) => dataset,
    ({ dataset }) => h("li", {}, h("a", { href: link("", "", dataset).replace(/\/$/, ""), data: { name: dataset } }, h("b", {}, dataset), h("small"))),
    (item, { champion, problem }) => put(item.querySelector("small"), problem || (champion ? `${metric(champion)} ${score(champion.value)}` : "no champion yet")));
  markDatasets();
  return found;
}

async function refresh(signal) {
  const now = Date.now();
  if (now - listed > SLOWLY * 1000) {
    const found = await loadDatasets(signal).catch((error) => {
      if (error.status === 403 && place.dataset) return []; // who may ask for one dataset may not see all
      throw error;
    });
    listed = now;
    if (!place.dataset && found.length) {
      sent = true;
      return location.replace(`#${encodeURIComponent(found[0].dataset)}`);
    }
  }
  if (!place.dataset) return noDataset();
  if (now - detailed > SLOWLY * 1000) {
    details = await get(path("datasets", place.dataset), { signal });
    detailed = now;
    showHead($("head"), place.dataset, details);
    if (details.kind === "ratings" && place.view === tryIt.id) return location.replace(link(recommend.id));
    showViews(VIEWS.find(({ id }) => id === place.view));
    // made since it was asked for, or opened before it was known what models are judged by
    if ((!shown || judged !== metric(details.champion)) && VIEWS.some(({ id }) => id === place.view)) openView();
  }
  return shown?.refresh?.(signal);
}

// Ask everything that is due, now and again; the only timer that the page has.
async function tick() {
  const mine = ++turn;
  clearTimeout(timer);
  if (document.hidden || !ready()) return;
  let seconds = SLOWLY;
  try {
    seconds = (await refresh(leaving.signal)) || SLOWLY;
    if (mine === turn) put($("notice"), "");
  } catch (error) {
    if (mine !== turn || error.name === "AbortError") return;
    if (error.status === 401) {
      signOut();
      return askToSignIn(error.message);
    }
    if (error.code === "unknown_dataset") noDataset();
    else refuse(error);
  }
  if (mine === turn) timer = setTimeout(tick, seconds * 1000);
}

// Say above the view why something failed; what waits for its first answer waits in vain.
function refuse(error) {
  if (!(error instanceof Problem)) console.error(error);
  put($("notice"), error.message);
  const waiting = [...$("main").querySelectorAll(".loading")].filter((one) => one.textContent === loading().textContent);
  for (const one of waiting) put(one, "Not loaded.");
}

// Stand in the place of every view until there is a token.
function askToSignIn(why) {
  const interrupted = shown !== null;
  shown?.close?.();
  shown = null;
  document.title = "Sign in · Tagline";
  for (const id of ["head", "views", "datasets", "more"]) { $(id).replaceChildren(); $(id).tagState = null; }
  $("views").hidden = $("more").hidden = true;
  $("notice").textContent = "";
  fill($("view"), signInView(why, enter, start));
  if (interrupted) $("title").focus();
  showAccount();
}

function enter() {
  listed = detailed = 0;
  details = null;
  showAccount();
  navigate(true);
}

function showAccount() {
  $("signout").hidden = !signedIn();
}

async function start() {
  try {
    await begin();
  } catch (error) {
    if (!(error instanceof Problem)) console.error(error);
    return askToSignIn(error.message);
  }
  showAccount();
  if (ready()) navigate(false);
  else askToSignIn("");
}

$("skip").addEventListener("click", (event) => { event.preventDefault(); $("main").focus(); });
$("more").addEventListener("click", () => { pages += 1; page.again(); });
$("signout").addEventListener("click", () => { signOut(); askToSignIn("You are signed out."); $("title").focus(); });
addEventListener("hashchange", () => {
  if (ready()) navigate(!sent);
  sent = false;
});
addEventListener("visibilitychange", () => document.hidden || tick());
start();
