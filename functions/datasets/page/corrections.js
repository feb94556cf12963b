// What a person says of an image's tags, as the API keeps it.

import { Problem, path, post } from "./api.js";

const KINDS = ["confirmed", "added", "removed"];
const MOST_INLINE = 3200000; // bytes: base64 makes four of three, and a body may have 4.5 MB
const OPPOSITE = { added: "removed", removed: "added" };

// Send an image's marks, a Map of label → confirmed, added or removed, of the tags that `run` gave.
// An image is named by the hash of its bytes; one that the dataset does not know yet is sent itself.
export async function send(dataset, file, marks, run, who) {
  const where = `${path("datasets", dataset)}/feedback`;
  const said = Object.fromEntries(KINDS.map((kind) => [kind, [...marks].filter(([, one]) => one === kind).map(([label]) => label)]));
  said.run = run;
  if (who) said.who = who;
  try {
    const hash = await sha256(file);
    if (hash) {
      try {
        return await post(where, { hash, ...said });
      } catch (error) {
        if (error.code !== "unknown_image") throw error;
      }
    }
    if (file.size > MOST_INLINE) {
      throw new Problem("The image is too large to be sent with its corrections: put it into the data bucket first.");
    }
    return await post(where, { image: await base64(file), ...said });
  } catch (error) {
    if (error.code === "unknown_route") throw new Problem("This stack takes no corrections.");
    throw error;
  }
}

// The marks that take others back: what was added is removed, what was removed is added.
export const opposite = (marks) =>
  new Map([...marks].filter(([, kind]) => OPPOSITE[kind]).map(([label, kind]) => [label, OPPOSITE[kind]]));

async function sha256(file) {
  if (!globalThis.crypto?.subtle) return null; // a page without HTTPS
  const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function base64(file) {
  return new Promise((done, fail) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result.split(",", 2)[1]);
    reader.onerror = () => fail(new Problem("The image cannot be read any more: choose it again."));
    reader.readAsDataURL(file);
  });
}
