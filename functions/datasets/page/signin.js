// The view that asks a person to sign in, in the place of all others.

import { h } from "./dom.js";
import { goToIssuer, paste, signIn } from "./session.js";

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
    if (how.auth === "iam") {
      return [
        h("p", {}, "This stack takes requests that are signed with AWS credentials, which do not belong in a browser."),
        h("p", {}, "The command signs with your profile:"),
        h("pre", {}, h("code", {}, "tagline tag DATASET image.png\ntagline show DATASET")),
        h("p", { className: "quiet" }, "A stack with ApiAuth=jwt lets people sign in here."),
      ];
    }
    if (how.client) {
      const who = new URL(how.client.authorization_endpoint).host;
      return [
        h("p", { className: "quiet" }, `This stack asks who you are. ${who} knows you, and sends you back here.`),
        h("p", {}, h("button", { type: "button", className: "main", onclick: () => attempt(goToIssuer) }, "Sign in")),
      ];
    }
    return [token()];
  }

  function token() {
    const field = h("textarea", { id: "token", rows: 4, spellcheck: false, autocomplete: "off", required: true });
    return h("form", { onsubmit: (event) => { event.preventDefault(); attempt(() => { paste(field.value); done(); }); } },
      h("p", { className: "quiet" }, `This stack wants a token of ${how.issuer}. It stays in this tab.`),
      h("label", { htmlFor: "token" }, "Token"), field,
      h("p", {}, h("button", { className: "main" }, "Use this token")));
  }
}
