// AWS Signature Version 4 for execute-api, by the browser's own cryptography.
// IAM's user guide, "Create a signed AWS API request", has the steps.

const ALGORITHM = "AWS4-HMAC-SHA256", SERVICE = "execute-api";

// The headers that sign a request; `keys` are {id, secret, token, region}, `body` a Blob, text or
// nothing, and `url` a URL as it is sent.
export async function signature(keys, method, url, body, now = new Date()) {
  const at = now.toISOString().replace(/[-:]|\.\d{3}/g, "");
  const parts = [at.slice(0, 8), keys.region, SERVICE, "aws4_request"];
  const sent = { "x-amz-date": at, ...(keys.token ? { "x-amz-security-token": keys.token } : {}) };
  const headers = { host: url.host, ...sent };
  const names = Object.keys(headers).sort();
  const request = [method, url.pathname.split("/").map(strict).join("/"), query(url),
    ...names.map((name) => `${name}:${headers[name]}`), "", names.join(";"), hex(await digest(body))].join("\n");
  const text = [ALGORITHM, at, parts.join("/"), hex(await digest(request))].join("\n");
  let key = utf8(`AWS4${keys.secret}`);
  for (const part of parts) key = await hmac(key, part);
  return {
    ...sent,
    Authorization: `${ALGORITHM} Credential=${keys.id}/${parts.join("/")}, SignedHeaders=${names.join(";")}, Signature=${hex(await hmac(key, text))}`,
  };
}

// An API's region, as its host says it; empty for a host of its own name
export const regionOf = (host) => /\.execute-api\.([a-z0-9-]+)\.amazonaws\.com/.exec(host)?.[1] || "";

const query = (url) => [...url.searchParams].map(([name, value]) => `${strict(name)}=${strict(value)}`).sort().join("&");
const strict = (text) => encodeURIComponent(text).replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);
const utf8 = (text) => new TextEncoder().encode(text);
const hex = (bytes) => [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");

async function digest(content) {
  return crypto.subtle.digest("SHA-256", content instanceof Blob ? await content.arrayBuffer() : utf8(content || ""));
}

async function hmac(key, text) {
  const made = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return crypto.subtle.sign("HMAC", made, utf8(text));
}
