// Checks the signature of a webhook in the reader's browser: the secret goes nowhere. The policy of
// the page allows no connection, so that it could not even if this file were another one.
// Source: the Standard Webhooks specification.

const TOLERANCE = 300; // seconds, as the libraries of the standard have it
const PREFIX = "whsec_";
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** The bytes of a secret, or null where it has not the form of one. */
export function keyOf(secret) {
  const text = secret.trim().startsWith(PREFIX) ? secret.trim().slice(PREFIX.length) : "";
  if (!text || !BASE64.test(text)) return null;
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

async function signed(key, content) {
  const kind = { name: "HMAC", hash: "SHA-256" };
  const imported = await crypto.subtle.importKey("raw", key, kind, false, ["sign"]);
  const made = await crypto.subtle.sign("HMAC", imported, new TextEncoder().encode(content));
  return btoa(String.fromCharCode(...new Uint8Array(made)));
}

/** What is wrong with the body, when its signature does not fit: the usual changes, tried out. */
async function changed(key, head, body, given) {
  const tries = { newline: `${body}\n`, trimmed: body.trim(), crlf: body.replace(/\r?\n/g, "\r\n") };
  try {
    tries.json = JSON.stringify(JSON.parse(body));
  } catch {
    // no JSON: nothing to write in another way
  }
  for (const [name, text] of Object.entries(tries)) {
    if (text !== body && given.includes(await signed(key, head + text))) return name;
  }
  return null;
}

/**
 * The verdict: `valid`, `rotated` (valid by one of several signatures), or what is wrong first:
 * `secret`, `id`, `timestamp`, `form` (no `v1,…` in it), `other` (of another body, id, time or
 * secret; `hint` names a change of the body under which it fits), `old`, `future`.
 */
export async function check({ secret, id, timestamp, body, signature }, now = Date.now() / 1000) {
  const key = keyOf(secret);
  if (!key) return { verdict: "secret" };
  if (!id.trim()) return { verdict: "id" };
  if (!/^[0-9]{1,12}$/.test(timestamp.trim())) return { verdict: "timestamp" };
  const all = signature.trim().split(/\s+/);
  const given = all.filter((one) => one.startsWith("v1,")).map((one) => one.slice(3));
  if (!given.length || !given.every((one) => BASE64.test(one))) return { verdict: "form" };
  const head = `${id.trim()}.${timestamp.trim()}.`;
  if (!given.includes(await signed(key, head + body))) {
    return { verdict: "other", hint: await changed(key, head, body, given) };
  }
  const age = now - Number(timestamp);
  if (Math.abs(age) > TOLERANCE) return { verdict: age > 0 ? "old" : "future", seconds: age };
  return { verdict: given.length > 1 ? "rotated" : "valid" };
}

function start() {
  const box = document.getElementById("check");
  const out = document.getElementById("verdict");
  const field = (name) => document.getElementById(`f_${name}`);
  box.hidden = false;
  document.getElementById("unscripted").hidden = true;
  if (!globalThis.crypto?.subtle) {
    out.textContent = out.dataset.insecure;
    return;
  }
  document.getElementById("run").addEventListener("click", async () => {
    const names = ["secret", "id", "timestamp", "body", "signature"];
    const given = Object.fromEntries(names.map((name) => [name, field(name).value]));
    const { verdict, hint } = await check(given);
    const good = verdict === "valid" || verdict === "rotated";
    const said = [out.dataset[verdict], hint ? out.dataset[hint] : ""];
    out.className = good ? "verdict good" : "verdict bad";
    out.textContent = said.filter(Boolean).join(" ");
  });
  document.getElementById("clear").addEventListener("click", () => {
    for (const name of ["secret", "id", "timestamp", "body", "signature"]) field(name).value = "";
    out.className = "verdict";
    out.textContent = "";
  });
}

if (globalThis.document) start();
