// The command that reports a goal, to be copied.
//
// The server tells its token to a page on its own machine only. Elsewhere the command has $TOKEN in
// its place.

import { put } from "./dom.js";
import { group } from "./state.js";

let asked = null; // a promise of the token, "" if the server does not tell it
let token = "";

/** Forgets the token of a server that may have been replaced. */
export function forgetToken() {
  asked = null;
  token = "";
}

function askForToken() {
  asked ??= fetch("/token", { method: "POST" })
    .then((response) => (response.status === 200 ? response.text() : ""))
    .then((text) => (token = text))
    .catch(forgetToken);
  return asked;
}

/** Shows the command for a match that is on. For another one it names the match that always is. */
export function showReport(panel, board, match) {
  const report = panel.querySelector(".report");
  const isOn = group(match) === "live" && match.phase !== "shoot_out";
  report.querySelector(".on").hidden = !isOn;
  report.querySelector(".off").hidden = isOn;
  const endless = board.endless();
  if (endless) put(report, "a", `${endless.home} v ${endless.away}`).href = `#${endless.id}`;
  const show = () => {
    put(report, "code", command(match.id));
    report.querySelector(".secret").hidden = token !== "";
  };
  show();
  const showWithToken = async () => {
    if (!report.open || !isOn) return;
    await askForToken();
    show();
  };
  report.ontoggle = showWithToken;
  showWithToken();
  report.querySelector(".copy").onclick = async () => {
    await showWithToken();
    const isCopied = await copy(report.querySelector("code"));
    put(report, ".copied", isCopied ? "Copied" : "Selected; copy it with your keyboard");
  };
}

function command(id) {
  const goal = JSON.stringify({ team: "home", scorer: "A. N. Other" });
  const url = `${location.origin}/matches/${id}/goals`;
  const secret = token || "$TOKEN";
  return [`curl ${url}`, `-H "Authorization: Bearer ${secret}"`, `-d '${goal}'`].join(" \\\n  ");
}

/** Copies a node's text. Browsers have a clipboard for pages on loopback and of HTTPS only. */
async function copy(node) {
  try {
    await navigator.clipboard.writeText(node.textContent);
    return true;
  } catch {
    getSelection().selectAllChildren(node);
    return document.execCommand("copy");
  }
}
