// Images that a person tries: each is asked for once, a few at a time, and keeps what came back.

import { MAX_BYTES, Problem, get, path, post } from "./api.js";

const AT_ONCE = 4; // images that the page asks for side by side
const TRIES = 3; // of one that the service is too busy for
const thresholds = new Map(); // run → promise of {label: threshold}
let made = 0;

// The images of one dataset, in the order they came; `changed` is called after each change.
export class Shots {
  constructor(dataset) {
    this.dataset = dataset;
    this.all = [];
    this.changed = () => {};
    this.told = () => {};
    this.asking = 0;
  }

  // Add files, and ask for their tags.
  add(files) {
    const added = [...files].map((file) => ({
      key: `shot${(made += 1)}`,
      name: file.name || "image",
      file,
      url: URL.createObjectURL(file),
      state: "waiting", // then asking, tagged, or failed
      problem: "",
      scores: [], // {label, score}, highest first
      single: false, // whether an image has exactly one label
      limits: {}, // label → the threshold of the model that answered
      model: null,
      heat: null, // label → PNG, once asked for
      marks: new Map(), // label → confirmed, added or removed: what the person says
      saved: null, // the marks that were sent last
    }));
    this.all.push(...added);
    this.changed();
    this.#next();
    return added;
  }

  remove(shot) {
    URL.revokeObjectURL(shot.url);
    this.all = this.all.filter((one) => one !== shot);
    this.changed();
  }

  // Ask again for one that failed.
  again(shot) {
    shot.state = "waiting";
    this.changed();
    this.#next();
  }

  // Ask what each tag of an image hangs on: a PNG for each of the likeliest labels.
  async explain(shot) {
    const found = await post(`${path("datasets", this.dataset)}/tags?threshold=0&top_k=8&explain=1`, shot.file);
    shot.heat = Object.fromEntries((found.scores ?? found.tags).filter((tag) => tag.heat).map((tag) => [tag.label, tag.heat]));
    this.changed();
  }

  #next() {
    while (this.asking < AT_ONCE) {
      const shot = this.all.find(({ state }) => state === "waiting");
      if (!shot) return;
      this.asking += 1;
      shot.state = "asking";
      this.changed();
      this.#ask(shot).finally(() => {
        this.asking -= 1;
        this.changed();
        this.told(shot);
        this.#next();
      });
    }
  }

  async #ask(shot) {
    try {
      if (shot.file.size > MAX_BYTES) {
        throw new Problem("The image has more than 4.5 MB: put it into the data bucket and send its s3_uri.");
      }
      const found = await patiently(() => post(`${path("datasets", this.dataset)}/tags?threshold=0`, shot.file));
      shot.limits = await limitsOf(this.dataset, found.model.run);
      shot.single = found.scores !== undefined;
      shot.scores = found.scores ?? found.tags;
      shot.model = found.model;
      shot.state = "tagged";
    } catch (error) {
      if (!(error instanceof Problem)) console.error(error);
      shot.state = "failed";
      shot.problem = error.message;
    }
  }
}

// What the labels' thresholds are: the dataset's set by hand, else what the run's evaluation chose.
function limitsOf(dataset, run) {
  if (!thresholds.has(run)) {
    const both = [get(path("datasets", dataset, "runs", run)), get(path("datasets", dataset))];
    const asked = Promise.all(both).then(([{ metrics }, { thresholds: byHand }]) =>
      Object.fromEntries((metrics?.labels || []).map(({ label, threshold, chosen }) =>
        [label, byHand[label] ?? chosen ?? threshold])));
    asked.catch(() => thresholds.delete(run));
    thresholds.set(run, asked);
  }
  return thresholds.get(run);
}

async function patiently(ask) {
  for (let at = 1; ; at += 1) {
    try {
      return await ask();
    } catch (error) {
      if (error.code !== "busy" || at === TRIES) throw error;
      await new Promise((done) => { setTimeout(done, 1000 * (error.retryAfter || 1)); });
    }
  }
}

// Whether a label is a tag of an image: by one threshold for all, or (null) by each label's own; where
// an image has exactly one label, the highest score alone is
export const limitOf = (shot, label, threshold) => threshold ?? shot.limits[label] ?? 0.5;
export const isTag = (shot, { label, score }, threshold) =>
  (!shot.single || label === shot.scores[0].label) && score >= limitOf(shot, label, threshold);
export const tagsOf = (shot, threshold) => shot.scores.filter((one) => isTag(shot, one, threshold));
