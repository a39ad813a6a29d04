// The example page in a browser, with two clerks: node frontend.mjs API CHROMIUM CREDENTIALS [SHOTS].
// No request to another host, no console error but the refusals that are meant, nothing wider than a phone.
import { strict as assert } from "node:assert";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { Clerk } from "./frontend_clerk.mjs";

const [api, executablePath, credentials, shots] = process.argv.slice(2);
const { roles } = JSON.parse(readFileSync(credentials, "utf8"));
const port = Number(process.env.CONTRACT_FRONTEND_PORT ?? 8795);
const site = `http://127.0.0.1:${port}`;
const root = join(dirname(fileURLToPath(import.meta.url)), "../../examples/frontend");
const MEANT = /^Failed to load resource: the server responded with a status of (401|412) /;
const WIDTHS = { phone: 360, desk: 1200 };

const server = spawn("node", [join(root, "serve.mjs")], {
  env: { ...process.env, PORT: String(port), API: api },
  stdio: ["ignore", "pipe", "inherit"],
});
const ended = new Promise((_, no) => server.once("exit", () => no(new Error("the page's server ended"))));
await Promise.race([new Promise((yes) => server.stdout.once("data", yes)), ended]);
const browser = await chromium.launch({
  executablePath,
  args: ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync", "--disable-background-networking"],
  chromiumSandbox: process.getuid() !== 0,
});
const wrong = [];
let requests = 0;
let refusals = 0;
let held = 0;

function holds(what) {
  held += 1;
  console.log(`  ok  ${what}`);
}

async function opened() {
  const context = await browser.newContext({ locale: "de-DE", reducedMotion: "reduce" });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  page.on("request", (request) => {
    requests += 1;
    if (!request.url().startsWith(`${site}/`)) wrong.push(`asks ${request.url()}`);
  });
  page.on("console", (message) => {
    if (message.type() !== "error") return;
    if (MEANT.test(message.text())) refusals += 1;
    else wrong.push(`says ${message.text()}`);
  });
  page.on("pageerror", (error) => wrong.push(`breaks: ${error.message}`));
  await page.goto(`${site}/`);
  return page;
}

/** Both widths: nothing sticks out, everything has a name; a picture where somebody wants to look. */
async function look(page, name) {
  for (const [kind, width] of Object.entries(WIDTHS)) {
    await page.setViewportSize({ width, height: 800 });
    const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    if (wider > 0) wrong.push(`${name} is ${wider} pixels wider than a ${kind}`);
    if (shots) await page.screenshot({ path: join(shots, `${name}-${kind}.png`), fullPage: true });
  }
  const nameless = await page.evaluate(() =>
    [...document.querySelectorAll("input, select, textarea, button")]
      .filter((one) => (one.labels ? !one.labels.length : true) && !one.textContent.trim())
      .map((one) => one.outerHTML),
  );
  wrong.push(...nameless.map((one) => `${name} has a field without a name: ${one}`));
}

async function login(page, key) {
  await page.getByLabel("API-Schlüssel").fill(key);
  await page.getByRole("button", { name: "Anmelden" }).click();
}

const state = (page) => page.locator("#state");
const action = (page, name) => page.locator(`[data-action=${name}]`);

async function aReferral() {
  const clerk = await Clerk.of(api, roles["wuppertal-jobcenter/case_worker_2"]);
  const referral = (await clerk.get("/referrals?direction=incoming&status=sent")).items.at(0);
  assert.ok(referral, "the demo has a referral that was sent");
  const label = await clerk.labels("referral");
  const page = await opened();

  await login(page, "no-such-key");
  await page.getByRole("alert").getByText("Nicht angemeldet").waitFor();
  await look(page, "login");
  holds("a wrong key is refused in words");
  await login(page, roles["wuppertal-jobcenter/case_worker_1"]);
  await page.locator("#referrals .card").first().waitFor();
  await look(page, "inbox");
  holds("the inbox shows");

  await page.locator(`a[href="#/referrals/${referral.id}"]`).click();
  await state(page).getByText(label.states.sent.de, { exact: true }).waitFor();
  await look(page, "referral");
  assert.equal(await action(page, "receive").textContent(), label.arrows.receive.de);
  await action(page, "receive").click();
  await state(page).getByText(label.states.received.de, { exact: true }).waitFor();
  assert.equal((await clerk.get(`/referrals/${referral.id}`)).status, "received");
  holds("a button with the drawing's label moves it");

  await page.getByRole("button", { name: "English" }).click();
  await state(page).getByText(label.states.received.en, { exact: true }).waitFor();
  assert.equal(await page.locator("html").getAttribute("lang"), "en");
  holds("the page speaks English");
  await action(page, "decline").click();
  await page.locator("select[name=reason]").selectOption("no_capacity");
  await look(page, "decline");
  await page.getByRole("button", { name: "Confirm" }).click();
  await state(page).getByText(label.states.declined.en, { exact: true }).waitFor();
  const now = await clerk.get(`/referrals/${referral.id}`);
  assert.deepEqual([now.status, now.reason], ["declined", "no_capacity"]);
  holds("an action that wants a reason asks for it");
  await page.context().close();
}

const COURSE = { life_area: "language", topic: "language_course" };
const JOB = { life_area: "work", topic: "job_placement" };
const HOUSING = { life_area: "housing", topic: "housing_search" };
const OUTCOMES = { theirs: [COURSE, HOUSING], mine: [COURSE, JOB], both: [COURSE, JOB, HOUSING] };
const plain = (concerns) => concerns.map((one) => `${one.life_area}/${one.topic}`);

async function aCase() {
  const clerk = await Clerk.of(api, roles["wuppertal-case-management/case_manager_2"]);
  const label = await clerk.labels("case");
  const one = await clerk.post("/cases", { concerns: [COURSE] });
  const page = await opened();
  await login(page, roles["wuppertal-case-management/case_manager_1"]);
  await page.locator(`a[href="#/cases/${one.id}"]`).click();
  await state(page).getByText(label.states.clarification.de, { exact: true }).waitFor();
  holds("a case opens");

  for (const [choice, expected] of Object.entries(OUTCOMES)) {
    await clerk.patch(`/cases/${one.id}`, { concerns: [COURSE] });
    await page.reload();
    await page.getByRole("button", { name: "Anliegen hinzufügen" }).click();
    await page.locator("#rows select").nth(1).selectOption(plain([JOB])[0]);
    if (choice === "theirs") await look(page, "case");
    await clerk.patch(`/cases/${one.id}`, { concerns: [COURSE, HOUSING] });
    await page.getByRole("button", { name: "Speichern" }).click();
    await page.getByText("Zwei Fassungen").waitFor();
    assert.equal(await page.locator(".version .only").count(), 2);
    if (choice === "theirs") await look(page, "conflict");
    await page.locator(`[data-choice=${choice}]`).click();
    await page.getByText("Zwei Fassungen").waitFor({ state: "detached" });
    await page.locator("#rows select").nth(expected.length - 1).waitFor();
    const shown = await page.locator("#rows select").evaluateAll((all) => all.map((each) => each.value));
    assert.deepEqual(shown, plain(expected));
    assert.deepEqual(plain((await clerk.get(`/cases/${one.id}`)).concerns), plain(expected));
    holds(`a second clerk was quicker: ${choice}, and the server has it`);
  }

  await clerk.post(`/cases/${one.id}/begin-assessment`, undefined, `/cases/${one.id}`);
  await action(page, "begin_assessment").click();
  await state(page).getByText(label.states.assessment.de, { exact: true }).waitFor();
  await page.getByRole("status").getByText("inzwischen geändert").waitFor();
  await look(page, "overtaken");
  holds("a button that was overtaken shows the new state and says so");
  await action(page, "plan_goals").click();
  await state(page).getByText(label.states.goal_planning.de, { exact: true }).waitFor();
  assert.equal((await clerk.get(`/cases/${one.id}`)).status, "goal_planning");
  holds("and the next one moves it");
  await page.context().close();
}

try {
  await aReferral();
  await aCase();
} finally {
  await browser.close();
  server.removeAllListeners("exit");
  server.kill();
}
assert.equal(refusals, 5, "one 401 and four 412 were meant");
for (const line of wrong) console.error(line);
console.log(`${held} things hold, ${requests} requests, ${wrong.length} findings`);
process.exitCode = wrong.length ? 1 : 0;
