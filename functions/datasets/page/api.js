// The API as the page asks it: JSON in, JSON out, and every refusal in words.

export const MAX_BYTES = 4500000; // of a request's body

let credentials = async () => ({}); // (method, url, body) → the headers that say who asks
let renew = async () => false; // a token whose time is over; tells whether there is another one
const known = new Map(); // path → {etag, data}, what If-None-Match asks for

// What was refused, or could not be asked: `message` is for a person, `code` for a program.
export class Problem extends Error {
  constructor(message, { status = 0, code = "", retryAfter = 0, cause } = {}) {
    super(message, { cause });
    this.status = status;
    this.code = code;
    this.retryAfter = retryAfter;
  }
}

// Say by these headers who asks, from now on: `made(method, url, body)` returns them.
export function useCredentials(made) {
  credentials = made;
  known.clear();
}

// Call `work(refused)` before each request and after a 401: true to ask (again) with a new token.
export function onRefusal(work) {
  renew = work;
}

// A path of the API from its parts, which may hold any character: path("datasets", name, "runs").
export const path = (...parts) => parts.map(encodeURIComponent).join("/");

// The answer of a GET. What did not change since the last time is the very same object.
export async function get(where, { signal } = {}) {
  const before = known.get(where);
  const headers = before ? { "If-None-Match": before.etag } : {};
  const answer = await ask(where, { headers, signal, cache: "no-store" });
  if (answer.status === 304) return before.data;
  const data = await understood(answer);
  const etag = answer.headers.get("etag");
  if (etag) known.set(where, { etag, data });
  return data;
}

// The answer of a POST: of a file or form as it is, of anything else as JSON.
export async function post(where, content, { signal } = {}) {
  const plain = content instanceof Blob || content instanceof FormData;
  const headers = plain ? {} : { "Content-Type": "application/json" };
  const body = plain ? content : JSON.stringify(content);
  return understood(await ask(where, { method: "POST", headers, body, signal }));
}

async function ask(where, options) {
  await renew(false);
  const answer = await asked(where, options);
  return answer.status === 401 && (await renew(true)) ? asked(where, options) : answer;
}

async function asked(where, options) {
  const url = new URL(where, location.href);
  const headers = { ...options.headers, ...(await credentials(options.method || "GET", url, options.body)) };
  try {
    return await fetch(url, { ...options, headers });
  } catch (cause) {
    if (cause.name === "AbortError") throw cause;
    throw new Problem("The API does not answer. Is this computer online?", { cause });
  }
}

async function understood(answer) {
  let found = {};
  try {
    found = JSON.parse(await answer.text());
  } catch (cause) {
    if (cause.name === "AbortError") throw cause; // else a gateway's own page: its status must do
  }
  if (answer.ok) return found;
  throw new Problem(found.detail || refused(answer.status, found.message) || `The API answered ${answer.status}.`, {
    status: answer.status,
    code: found.code || "",
    retryAfter: Number(answer.headers.get("retry-after")) || 0,
  });
}

// What a gateway's own refusal, which is often a word, means
const refused = (status, message = "") => ({
  401: "The API wants a token, or the time of yours is over.",
  403: `The API does not let you do this${message.includes(" ") ? `: ${message}` : "."}`,
  413: "That is more than a request may hold.",
  429: "The API has too much to do. Try again in a moment.",
})[status] || message;
