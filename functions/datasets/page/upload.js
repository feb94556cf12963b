// A list from this computer into the data bucket: by a link that the API signs, with its progress.

import { Problem, get, path, post } from "./api.js";
import { able, h, put } from "./dom.js";

const LOOK = 1000, LOOKS = 120; // milliseconds; how often for the run that a list starts

// {element, show(refused)}: a form that drops a list, and goes to the run that it starts.
export function uploader(dataset, page) {
  const where = path("datasets", dataset, "lists");
  const fields = {
    settings: file("dataset.yaml, if it changes", ".yaml,.yml"),
    labels: file("labels.txt, if it changes", ".txt"),
    list: file("List (.lst or .lst.gz)", ".lst,.gz"),
  };
  const closed = h("p", { className: "quiet", id: "upload-closed" });
  const told = h("p", { id: "upload-told" });
  const bar = h("progress", { max: 1, value: 0, hidden: true, aria: { label: "Sent of the list" } });
  const button = h("button", { className: "main", aria: { describedby: "upload-closed" } }, "Drop the list");
  const form = h("form", { className: "upload" },
    ...["list", "labels", "settings"].map((kind) => fields[kind].element),
    h("div", { className: "row" }, button, bar));
  let busy = false, closedToMe = false;

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (busy || closedToMe) return;
    busy = true;
    able(button, false);
    try {
      await drop();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      tell(error.message, true);
    } finally {
      busy = false;
      able(button, !closedToMe);
      bar.hidden = true;
    }
  });

  // What goes beside the list first: the list, last, starts the run.
  async function drop() {
    const chosen = Object.entries(fields).map(([kind, { input }]) => [kind, input.files[0]]).filter(([, one]) => one);
    if (!fields.list.input.files.length) throw new Problem("Choose a list first.");
    for (const [kind, one] of chosen) {
      if (!one.size) throw new Problem(`${one.name} is empty.`);
      const place = await post(where, { kind, bytes: one.size, ...(kind === "list" ? { name: one.name } : {}) });
      tell(`${place.name} is being sent.`);
      bar.hidden = false;
      await sent(one, place.url);
      if (kind === "list") await started(place.name);
    }
  }

  function sent(one, url) {
    return new Promise((done, failed) => {
      const request = new XMLHttpRequest();
      request.open("PUT", url);
      request.upload.onprogress = ({ loaded, total }) => { bar.value = total ? loaded / total : 0; };
      request.onload = () => (request.status < 300 ? done() : failed(new Problem(`The bucket did not take ${one.name}: it answered ${request.status}.`)));
      request.onerror = () => failed(new Problem(`${one.name} could not be sent to ${new URL(url).origin}: that bucket has to let this page's origin send files (CORS).`));
      request.send(one);
    });
  }

  async function started(name) {
    tell(`${name} was sent; its run is about to start.`);
    for (let look = 0; look < LOOKS; look += 1) {
      const { lists } = await get(where);
      const run = lists.find((one) => one.name === name)?.run;
      if (run && (await exists(run))) {
        tell(`Run ${run} has started.`);
        return page.go("run", run);
      }
      await new Promise((done) => setTimeout(done, LOOK));
    }
    throw new Problem(`${name} was sent, but no run has started within two minutes: the view Runs may tell later.`);
  }

  async function exists(run) {
    try {
      await get(path("datasets", dataset, "runs", run, "progress"));
      return true;
    } catch (error) {
      if (error.code === "unknown_run") return false;
      throw error;
    }
  }

  function tell(text, bad = false) {
    told.className = bad ? "error" : "";
    put(told, text);
    page.say(text);
  }

  return {
    element: h("section", { className: "card" }, h("h3", {}, "Drop a list"), closed, form, told),
    show(refused) {
      put(closed, refused);
      closedToMe = Boolean(refused);
      for (const { input } of Object.values(fields)) input.disabled = closedToMe;
      able(button, !closedToMe && !busy);
    },
  };
}

function file(name, accept) {
  const input = h("input", { type: "file", accept });
  return { input, element: h("label", {}, `${name} `, input) };
}
