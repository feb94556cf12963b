// The view that asks a person to sign in, in the place of all others.

import { h } from "./dom.js";
import { goToIssuer, paste, signIn, useKeys } from "./session.js";
import { regionOf } from "./sigv4.js";

// The view; `why` is what was refused, `done` is called with a token at hand, `retry` asks the API
// anew how to sign in.
export function signInView(why, done, retry) {
  const how = signIn();
  const said = h("p", { className: "error", role: "alert" }, why);
  const attempt = async (work) => {
    try { await work(); } catch (error) { said.textContent = error.message; }
  };
  return h("section", { className: "card signin" }, h("h2", { id: "title", tabIndex: -1 }, "Sign in"), said, ...ways());

  function ways() {
    if (!how) return [h("p", {}, h("button", { type: "button", className: "main", onclick: retry }, "Try again"))];
    if (how.auth === "iam") return [keys()];
    if (how.client) {
      const who = new URL(how.client.authorization_endpoint).host;
      return [
        h("p", { className: "quiet" }, `This stack asks who you are. ${who} knows you, and sends you back here.`),
        h("p", {}, h("button", { type: "button", className: "main", onclick: () => attempt(goToIssuer) }, "Sign in")),
      ];
    }
    return [token()];
  }

  function form(text, fields, button, use) {
    return h("form", { onsubmit: (event) => { event.preventDefault(); attempt(() => { use(); done(); }); } },
      h("p", { className: "quiet" }, text),
      ...fields.map(([name, field]) => h("label", {}, name, field)),
      h("p", {}, h("button", { className: "main" }, button)));
  }

  function keys() {
    const plain = { autocomplete: "off", spellcheck: false, required: true };
    const id = h("input", { type: "text", ...plain });
    const secret = h("input", { type: "password", ...plain });
    const token = h("textarea", { rows: 3, ...plain, required: false });
    const region = h("input", { type: "text", ...plain, value: regionOf(location.host) || "us-east-1" });
    return form("This stack takes requests that are signed with AWS credentials. Use temporary ones, as `aws configure "
      + "export-credentials` prints them; they stay in this tab.",
    [["Access key id", id], ["Secret access key", secret], ["Session token", token], ["Region", region]], "Sign with these keys",
    () => useKeys({ id: id.value, secret: secret.value, token: token.value, region: region.value }));
  }

  function token() {
    const field = h("textarea", { rows: 4, spellcheck: false, autocomplete: "off", required: true });
    return form(`This stack wants a token of ${how.issuer}. It stays in this tab.`, [["Token", field]], "Use this token",
      () => paste(field.value));
  }
}
