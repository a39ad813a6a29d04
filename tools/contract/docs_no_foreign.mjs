// Opens the pages in a browser: no request to another host, no console error, and they show what
// they should. Usage: node docs_no_foreign.mjs http://127.0.0.1:8000 /usr/bin/chromium
import { chromium } from "playwright-core";

const [base, executablePath] = process.argv.slice(2);
const PAGES = [
  ["/docs", "Accept the referral"],
  ["/?lang=de", "Eine Vermittlung"],
  ["/?lang=en", "A referral"],
  ["/problems?lang=en", "Transition not allowed"],
];
const QUIET = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"];
const browser = await chromium.launch({
  executablePath,
  args: [...QUIET, "--disable-background-networking", "--disable-component-update"],
  chromiumSandbox: process.getuid() !== 0,
});
const wrong = [];
let requests = 0;
for (const [path, text] of PAGES) {
  const page = await browser.newPage();
  page.on("request", (request) => {
    requests += 1;
    const url = request.url();
    if (!url.startsWith(base) && !/^(data|blob):/.test(url)) wrong.push(`${path} asks ${url}`);
  });
  page.on("console", (message) => {
    if (message.type() === "error") wrong.push(`${path} says ${message.text()}`);
  });
  page.on("pageerror", (error) => wrong.push(`${path} breaks: ${error.message}`));
  await page.goto(base + path, { waitUntil: "load" });
  try {
    if (path === "/docs") await page.locator("#operations-tag-Referrals").click();
    await page.getByText(text).first().waitFor({ timeout: 20_000 });
  } catch {
    wrong.push(`${path} never shows "${text}"`);
  }
  if (path.startsWith("/?")) {
    await page.setViewportSize({ width: 360, height: 740 });
    const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    if (wider > 0) wrong.push(`${path} is ${wider} pixels wider than a phone`);
  }
  await page.close();
}
await browser.close();
for (const line of wrong) console.error(line);
console.log(`${PAGES.length} pages, ${requests} requests, ${wrong.length} findings`);
process.exit(wrong.length || !requests ? 1 : 0);
