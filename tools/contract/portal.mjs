// The portal in a browser, at two widths, in both languages:
// node portal.mjs http://127.0.0.1:8000 /usr/bin/chromium [FOLDER FOR PICTURES]
// Every page that the navigation names and every drawing: no request to another host, no console
// error, no violation of the policy, nothing for axe to find, nothing wider than the screen. Then
// what a reader does: copy, switch the language, follow a drawing, check a signature.
import { strict as assert } from "node:assert";
import { execFileSync } from "node:child_process";
import { createHmac, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [base, executablePath, shots] = process.argv.slice(2);
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const WIDTHS = { desk: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } };
const LANGUAGES = ["de", "en"];
const REFERENCE = "/docs"; // the one page that needs a script to show anything
// Swagger UI brings its own markup: what is around it is ours and is looked at.
const FOREIGN_MARKUP = ".swagger-ui";
const PATIENCE = 120_000; // milliseconds; the reference takes long where the machine is busy
const QUIET = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"];

const browser = await chromium.launch({
  executablePath,
  args: [...QUIET, "--disable-background-networking", "--disable-component-update"],
  chromiumSandbox: process.getuid() !== 0,
});
const wrong = [];
let requests = 0;
let looked = 0;

/** A page that writes down what it should not do. */
async function opened(context) {
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  page.on("request", (request) => {
    requests += 1;
    const url = request.url();
    if (!url.startsWith(base) && !/^(data|blob):/.test(url)) wrong.push(`${page.url()} asks ${url}`);
  });
  page.on("response", (answer) => {
    if (answer.status() >= 400) wrong.push(`${page.url()}: ${answer.status()} of ${answer.url()}`);
  });
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) wrong.push(`${page.url()} says ${message.text()}`);
  });
  page.on("pageerror", (error) => wrong.push(`${page.url()} breaks: ${error.message}`));
  await page.addInitScript(() => {
    globalThis.violations = [];
    addEventListener("securitypolicyviolation", (event) => {
      globalThis.violations.push(`${event.effectiveDirective}: ${event.blockedURI}`);
    });
  });
  return page;
}

async function looksGood(page, where) {
  const width = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  if (width > 0) wrong.push(`${where} is ${width} pixels wider than the screen`);
  for (const one of await page.evaluate(() => globalThis.violations)) wrong.push(`${where}: ${one}`);
  const found = await page.evaluate(`${AXE};axe.run({ exclude: [["${FOREIGN_MARKUP}"]] })`);
  for (const rule of found.violations) {
    const nodes = rule.nodes.slice(0, 3).map((node) => node.target.join(" ")).join(", ");
    wrong.push(`${where}: ${rule.id} (${rule.nodes.length}): ${rule.help}: ${nodes}`);
  }
  assert.ok(found.passes.length > 5, `${where}: axe has looked at nothing`);
  looked += 1;
}

function pictureOf(path, language, width) {
  return join(shots, `${path.replaceAll("/", "_") || "_"}.${language}.${width}.png`);
}

async function pages(context) {
  const page = await opened(context);
  await page.goto(`${base}/`);
  const linked = await page.locator("header nav a").evaluateAll((all) => all.map((a) => a.pathname));
  await page.goto(`${base}/docs/workflows`);
  const drawn = await page.locator("main ul.links a").evaluateAll((all) => all.map((a) => a.pathname));
  await page.close();
  assert.ok(linked.length >= 7 && drawn.length >= 10, "the navigation names the pages");
  return [...new Set(["/", ...linked, ...drawn, "/problems/transition-not-allowed"])];
}

/** Every page at both widths in both languages; by night what has colours of its own. */
async function everyPage() {
  const night = ["/", "/docs/quick-start", "/docs/workflows/referral", "/docs/webhook-signatures"];
  for (const [width, viewport] of Object.entries(WIDTHS)) {
    const context = await browser.newContext({ viewport, reducedMotion: "reduce" });
    for (const path of await pages(context)) {
      const page = await opened(context);
      for (const language of LANGUAGES) {
        await page.goto(`${base}${path}?lang=${language}`, { waitUntil: "load" });
        if (path === REFERENCE) await page.locator("#operations-tag-Referrals").waitFor();
        assert.equal(await page.getAttribute("html", "lang"), language, `${path} in ${language}`);
        await looksGood(page, `${path}?lang=${language} (${width})`);
        if (shots) await page.screenshot({ path: pictureOf(path, language, width) });
      }
      if (night.includes(path)) {
        await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
        await looksGood(page, `${path} (${width}, dark)`);
        if (shots) await page.screenshot({ path: pictureOf(path, "dark", width) });
      }
      await page.close();
    }
    await context.close();
  }
}

async function copies(permissions) {
  const context = await browser.newContext({ viewport: WIDTHS.desk, permissions });
  const page = await opened(context);
  await page.goto(`${base}/docs/quick-start?lang=en`);
  await page.getByLabel("Python").check();
  const block = page.locator('pre[data-step="me"][data-language="python"]');
  assert.ok(await block.isVisible(), "the chosen language is shown");
  assert.ok(!(await page.locator('pre[data-step="me"][data-language="curl"]').isVisible()), "the others are not");
  const shown = await block.textContent();
  await block.locator("xpath=..").getByRole("button").click();
  await page.getByText("Copied").first().waitFor();
  if (permissions.length) {
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), shown);
  } else {
    await page.goto(`${base}/docs/webhook-signatures?lang=en`);
    await page.locator("#f_body").press("Control+V");
    assert.equal(await page.locator("#f_body").inputValue(), shown, "copied by the selection");
  }
  await context.close();
}

async function switches() {
  const context = await browser.newContext({ viewport: WIDTHS.phone, locale: "de-DE" });
  const page = await opened(context);
  await page.goto(`${base}/docs/events`);
  assert.equal(await page.getAttribute("html", "lang"), "de", "the browser asks for German");
  await page.getByRole("link", { name: "English" }).click();
  await page.waitForURL(/lang=en/);
  assert.equal(await page.getAttribute("html", "lang"), "en");
  await page.getByRole("link", { name: "Workflows", exact: true }).click();
  await page.waitForURL(/workflows/);
  assert.equal(await page.getAttribute("html", "lang"), "en", "the language stays");
  await context.close();
}

/** A state, an arrow, and a noun whose tag has a space lead into the reference. */
async function follows() {
  const context = await browser.newContext({ viewport: WIDTHS.desk });
  const ways = [
    ["referral", '[data-state="accepted"] a', "Referrals-getReferral", "/referrals/{id}"],
    ["referral", '[data-arrow~="accept"] a', "Referrals-acceptReferral", "/referrals/{id}/accept"],
    ["tandem", '[data-state="granted"] a', "Tandem-getLegalTrack", "/legal-track"],
  ];
  for (const [drawing, link, operation, shown] of ways) {
    const page = await opened(context);
    await page.goto(`${base}/docs/workflows/${drawing}?lang=en`);
    await page.locator(link).first().click();
    const block = page.locator(`#operations-${operation}`);
    await block.waitFor();
    assert.ok(page.url().includes("/docs?lang=en#/"), page.url());
    assert.ok((await block.getAttribute("class")).includes("is-open"), `${operation} is open`);
    assert.ok((await block.textContent()).replaceAll("​", "").includes(shown));
    await page.close();
  }
  const page = await opened(context);
  await page.goto(`${base}/problems/conflict?lang=en`);
  const spaced = await page.locator('main a[href*="API%20clients"]').first().getAttribute("href");
  await page.goto(base + spaced);
  await page.locator(`#operations-${spaced.split("#/")[1].replace("%20", "_").replace("/", "-")}`).waitFor();
  await context.close();
}

/** What a delivery has in its headers, signed by Node's own HMAC. */
function signed(secret, body, at) {
  const key = Buffer.from(secret.slice("whsec_".length), "base64");
  const id = "0199f0c2-6a1e-7c3d-9a53-0d9a4a4f2b10";
  const mac = createHmac("sha256", key).update(`${id}.${at}.${body}`).digest("base64");
  return { secret, id, timestamp: String(at), body, signature: `v1,${mac}` };
}

async function checks() {
  const context = await browser.newContext({ viewport: WIDTHS.phone });
  const page = await opened(context);
  await page.goto(`${base}/docs/webhook-signatures?lang=en`);
  const policy = (await page.request.get(`${base}/docs/webhook-signatures`)).headers()["content-security-policy"];
  assert.ok(!policy.includes("connect-src") && policy.startsWith("default-src 'none'"), "no way out");
  const secret = `whsec_${randomBytes(32).toString("base64")}`;
  const other = `whsec_${randomBytes(32).toString("base64")}`;
  const now = Math.floor(Date.now() / 1000);
  const body = '{"type": "referral.accepted", "note": "Ü"}';
  const good = signed(secret, body, now);
  const vector = {
    secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
    timestamp: "1614265330",
    body: '{"test": 2432232314}',
    signature: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
  };
  const compact = JSON.stringify(JSON.parse(body));
  const cases = [
    [good, /^Valid: secret/, "good"],
    [{ ...good, signature: `${signed(other, body, now).signature} ${good.signature}` }, /^Valid: one/, "good"],
    [{ ...good, secret: other }, /does not belong/, "bad"],
    [{ ...good, secret: secret.slice(6) }, /not in the right form/, "bad"],
    [{ ...good, secret: `"${secret}"` }, /not in the right form/, "bad"],
    [{ ...good, id: "" }, /missing/, "bad"],
    [{ ...good, id: "another" }, /does not belong/, "bad"],
    [{ ...good, timestamp: "yesterday" }, /is no number/, "bad"],
    [{ ...good, signature: good.signature.slice(3) }, /no signature of this form/, "bad"],
    [{ ...good, signature: "v1a,AAAA" }, /no signature of this form/, "bad"],
    [{ ...good, body: `${body} ` }, /does not belong.*without white space/s, "bad"],
    [{ ...signed(secret, `${body}\n`, now), body }, /line break at the end/, "bad"],
    [{ ...signed(secret, compact, now), body }, /bytes that arrived/, "bad"],
    [signed(secret, body, now - 400), /more than 5 minutes ago/, "bad"],
    [signed(secret, body, now + 400), /more than 5 minutes ahead/, "bad"],
    [vector, /^The signature fits.*ago/, "bad"],
    [{ ...vector, body: '{"test": 2432232315}' }, /does not belong/, "bad"],
  ];
  let before = requests;
  for (const [given, verdict, kind] of cases) {
    for (const [name, value] of Object.entries(given)) await page.fill(`#f_${name}`, value);
    await page.locator("#verdict").evaluate((out) => out.replaceChildren());
    await page.getByRole("button", { name: "Check" }).click();
    await page.waitForFunction(() => document.getElementById("verdict").textContent);
    assert.match(await page.locator("#verdict").textContent(), verdict);
    assert.ok((await page.getAttribute("#verdict", "class")).includes(kind));
  }
  assert.equal(requests, before, "checking asks nobody");
  assert.ok(!page.url().includes("whsec"), "nothing in the address");
  await looksGood(page, "a verdict");
  if (shots) await page.screenshot({ path: join(shots, "verdict.png") });
  await page.getByRole("button", { name: "Clear" }).click();
  assert.equal(await page.inputValue("#f_secret"), "");
  byHand(await page.locator("main pre code").textContent(), good);
  await context.close();
  return cases.length;
}

/** The command that the page shows comes to the same signature. */
function byHand(command, { secret, id, timestamp, body, signature }) {
  const environment = { WEBHOOK_ID: id, WEBHOOK_TIMESTAMP: timestamp, BODY: body, SECRET: secret };
  const found = execFileSync("bash", ["-euo", "pipefail", "-c", command], {
    env: { ...process.env, ...environment },
    encoding: "utf8",
  });
  assert.equal(`v1,${found.trim()}`, signature);
}

/** Without a script the pages still say everything: no dead button, no empty form. */
async function withoutScript() {
  const context = await browser.newContext({ javaScriptEnabled: false, viewport: WIDTHS.phone });
  const page = await context.newPage();
  await page.goto(`${base}/docs/quick-start?lang=en`);
  assert.equal(await page.getByRole("button").count(), 0);
  await page.getByLabel("TypeScript").check();
  assert.ok(await page.locator('pre[data-step="me"][data-language="typescript"]').isVisible());
  await page.goto(`${base}/docs/webhook-signatures?lang=en`);
  assert.ok(await page.getByText("The form needs JavaScript").isVisible());
  assert.ok(!(await page.locator("#check").isVisible()));
  await context.close();
}

await everyPage();
await copies(["clipboard-read", "clipboard-write"]);
await switches();
await follows();
const verdicts = await checks();
await withoutScript();
await browser.close();
for (const line of [...new Set(wrong)]) console.error(line);
console.log(
  `${looked} views, ${requests} requests, ${verdicts} signatures judged, ${wrong.length} findings`,
);
process.exit(wrong.length || !requests ? 1 : 0);
