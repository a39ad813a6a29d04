// Every own lint rule must catch its fixture, and so must the rules of others that have one; none
// may complain about the good contract.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as fs from "node:fs";
import core from "@stoplight/spectral-core";
import parsers from "@stoplight/spectral-parsers";
import runtime from "@stoplight/spectral-runtime";
import bundler from "@stoplight/spectral-ruleset-bundler/with-loader";
import yaml from "@stoplight/yaml";

const rules = join(dirname(fileURLToPath(import.meta.url)), "../../openapi/rules");
const fixtures = yaml.parse(readFileSync(join(rules, "fixtures.yaml"), "utf8"));
const wrong = [];

async function linter(file) {
  const spectral = new core.Spectral();
  const ruleset = join(rules, file);
  spectral.setRuleset(
    await bundler.bundleAndLoadRuleset(ruleset, { fs, fetch: runtime.fetch }),
  );
  return spectral;
}

async function findings(spectral, document) {
  const text = JSON.stringify(document);
  const found = await spectral.run(new core.Document(text, parsers.Json, "fixture.json"));
  return new Set(found.filter((one) => one.severity <= 1).map((one) => one.code));
}

function changed({ at, to }) {
  const copy = structuredClone(fixtures.good);
  const last = at.at(-1);
  const place = at.slice(0, -1).reduce((node, key) => node[key], copy);
  if (to === null) delete place[last];
  else place[last] = to;
  return copy;
}

// `all`: whether every rule of the set whose name begins with `prefix` needs a fixture.
async function bite(file, prefix, bad, all) {
  const spectral = await linter(file);
  const clean = await findings(spectral, fixtures.good);
  if (clean.size) wrong.push(`${file}: the good contract has findings: ${[...clean].join(", ")}`);
  const names = Object.keys(spectral.ruleset.rules).filter(
    (name) => name.startsWith(prefix) && spectral.ruleset.rules[name].enabled,
  );
  const before = wrong.length;
  for (const name of all ? names : Object.keys(bad)) {
    if (!bad[name]) wrong.push(`${name} has no fixture`);
    else if (!(await findings(spectral, changed(bad[name]))).has(name)) {
      wrong.push(`${name} does not bite`);
    }
  }
  for (const name of Object.keys(bad)) {
    if (!names.includes(name)) wrong.push(`${name} is a fixture of no rule`);
  }
  const tried = all ? names.length : Object.keys(bad).length;
  const bitten = tried - (wrong.length - before);
  console.log(`${file}: ${names.length} rules, ${bitten} of ${tried} tried bite on their fixture`);
}

await bite("own.spectral.yaml", "own-", fixtures.bad, true);
await bite("owasp.spectral.yaml", "owasp:", fixtures.owasp, false);
for (const line of wrong) console.error(line);
process.exit(wrong.length ? 1 : 0);
