// The TypeScript of the quick start, as the page shows it: compiled with the options that the page
// names against the types of this contract, and run: node snippets.mjs http://127.0.0.1:8000
// What is wrong in it must not compile. curl and Python are run by the suite (tests/portal).
import { strict as assert } from "node:assert";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const [base] = process.argv.slice(2);
const here = dirname(fileURLToPath(import.meta.url));
const tool = (name) => join(here, "node_modules", ".bin", name);
const ENTITIES = { amp: "&", lt: "<", gt: ">", quot: '"', "#x27": "'" };
const BLOCK = /<pre [^>]*data-step="(\w+)" data-language="typescript"><code>(.*?)<\/code><\/pre>/gs;
const GENERATE = /npx openapi-typescript (\S+) ([^\n]*) -o schema\.d\.ts/;
const COMPILE = /npx tsc ([^&]*) start\.ts/;

const page = await (await fetch(`${base}/docs/quick-start?lang=en`)).text();
const shown = (text) => text.replace(/&(#?\w+);/g, (all, name) => ENTITIES[name] ?? all);
const steps = [...page.matchAll(BLOCK)].map(([, step, code]) => [step, shown(code)]);
assert.deepEqual(steps.map(([step]) => step), ["me", "directory", "case", "referral", "feed"]);
const [, contract, generating] = shown(page).match(GENERATE);
const options = shown(page).match(COMPILE)[1].trim().split(" ");
const program = steps.map(([, code]) => code).join("\n\n");

// below this folder, so that `openapi-fetch` is found as in a reader's own project
const folder = mkdtempSync(join(here, "start-"));
try {
  writeFileSync(join(folder, "package.json"), '{"type": "module"}');
  const types = [contract, ...generating.split(" "), "-o", join(folder, "schema.d.ts")];
  execFileSync(tool("openapi-typescript"), types);
  const compiled = (text) => {
    writeFileSync(join(folder, "start.ts"), text);
    return spawnSync(tool("tsc"), [...options, "start.ts"], { cwd: folder, encoding: "utf8" });
  };
  for (const [right, misspelt] of [["family_name", "familyname"], ["begin-assessment", "begin_assessment"]]) {
    assert.ok(program.includes(right));
    assert.notEqual(compiled(program.replace(right, misspelt)).status, 0, `${misspelt} compiles`);
  }
  const good = compiled(program);
  assert.equal(good.status, 0, good.stdout);
  const said = execFileSync("node", ["start.js"], { cwd: folder, encoding: "utf8", timeout: 60_000 });
  for (const word of ["scopes", "assessment", "sent due", "referral.sent"]) assert.ok(said.includes(word), said);
  console.log(`${steps.length} steps compiled and run, ${said.trim().split("\n").length} lines said`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
