// Who the person is: how this stack lets callers in, and what they have for it, in this tab alone.
//
// Where the stack names a client, tokens come by OAuth 2.0's authorization code with PKCE; else a
// person pastes one, or keys where requests are signed. They lie in sessionStorage, which ends with
// the tab.

import { Problem, get, useCredentials, onRefusal } from "./api.js";
import { signature } from "./sigv4.js";

const TOKENS = "tagline.tokens", BEGUN = "tagline.sign-in";
const EARLY = 30; // seconds before its end that a token is renewed
let how = null;
let renewing = null;

// What GET /sign-in said: {auth, issuer, client}
export const signIn = () => how;
export const signedIn = () => Boolean(tokens());

// Learn how to sign in, and end a sign-in that the issuer sent back from; throws Problems.
export async function begin() {
  how = null;
  const back = new URLSearchParams(location.search);
  use(tokens());
  onRefusal(renewed);
  how = await get("sign-in");
  if (back.has("state")) await finish(back);
}

// Whether there is a token to ask with, or none is needed
export const ready = () => how !== null && (how.auth === "none" || signedIn());

// Go to the issuer; it comes back to this address.
export async function goToIssuer() {
  const { client_id, scope, authorization_endpoint } = how.client;
  const state = random(), verifier = random();
  sessionStorage.setItem(BEGUN, JSON.stringify({ state, verifier, hash: location.hash }));
  const address = new URL(authorization_endpoint);
  const asked = { response_type: "code", client_id, redirect_uri: here(), state,
    code_challenge: await digest(verifier), code_challenge_method: "S256", ...(scope ? { scope } : {}) };
  for (const [name, value] of Object.entries(asked)) address.searchParams.set(name, value);
  location.assign(address);
}

// Use a token that the person has from elsewhere.
export function paste(token) {
  const plain = token.trim().replace(/^Bearer\s+/i, "");
  if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(plain)) throw new Problem("That is no token: it has three parts with dots between.");
  use({ access: plain });
}

// Sign with keys: {id, secret, token, region}.
export function useKeys(keys) {
  const trimmed = Object.fromEntries(Object.entries(keys).map(([name, value]) => [name, value.trim()]));
  if (!trimmed.id || !trimmed.secret || !trimmed.region) throw new Problem("Give the key's id, its secret, and the region.");
  use({ keys: trimmed });
}

export function signOut() {
  sessionStorage.removeItem(TOKENS);
  use(null);
}

// End a sign-in: the address loses its code, and the view that was asked for is shown.
async function finish(back) {
  const begun = JSON.parse(sessionStorage.getItem(BEGUN) || "null");
  sessionStorage.removeItem(BEGUN);
  history.replaceState(null, "", here() + (begun?.hash || ""));
  if (!begun || begun.state !== back.get("state")) {
    throw new Problem("This sign-in was not begun here, or long ago. Sign in again.", { status: 401 });
  }
  if (!back.has("code")) {
    throw new Problem(`The issuer refused: ${back.get("error_description") || back.get("error")}.`, { status: 401 });
  }
  await fetchTokens({ grant_type: "authorization_code", code: back.get("code"), redirect_uri: here(), code_verifier: begun.verifier });
}

async function fetchTokens(asked) {
  let answer;
  try {
    answer = await fetch(how.client.token_endpoint, { method: "POST", credentials: "omit", referrerPolicy: "no-referrer",
      body: new URLSearchParams({ client_id: how.client.client_id, ...asked }) });
  } catch (cause) {
    throw new Problem("The issuer of tokens does not answer this page. Reload it, and sign in again.", { status: 401, cause });
  }
  const found = await answer.json().catch(() => ({}));
  if (!answer.ok || !found.access_token) {
    throw new Problem(`The issuer gave no token: ${found.error_description || found.error || answer.status}.`, { status: 401 });
  }
  use({
    access: found.access_token,
    refresh: found.refresh_token || asked.refresh_token || null,
    until: found.expires_in ? Date.now() + 1000 * (found.expires_in - EARLY) : null,
  });
}

// Renew a token whose time is over; tells whether asking again makes sense. The API calls it on a
// 401, and before each request.
async function renewed(refused) {
  const there = tokens();
  if (!there?.refresh || !how?.client) return false;
  if (!refused && !(there.until && Date.now() > there.until)) return false;
  renewing ||= fetchTokens({ grant_type: "refresh_token", refresh_token: there.refresh })
    .then(() => true, () => { signOut(); return false; })
    .finally(() => { renewing = null; });
  return renewing;
}

function use(found) {
  if (found) sessionStorage.setItem(TOKENS, JSON.stringify(found));
  useCredentials(found?.keys ? (...request) => signature(found.keys, ...request)
    : async () => (found ? { Authorization: `Bearer ${found.access}` } : {}));
}

const tokens = () => JSON.parse(sessionStorage.getItem(TOKENS) || "null");
const here = () => location.origin + location.pathname;
const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));
const digest = async (text) => base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))));
const base64url = (bytes) => btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
