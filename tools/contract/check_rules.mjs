// Every own lint rule must catch its fixture, and none may complain about the good contract.
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
const ruleset = join(rules, "own.spectral.yaml");
const spectral = new core.Spectral();
spectral.setRuleset(
  await bundler.bundleAndLoadRuleset(ruleset, { fs, fetch: runtime.fetch }),
);
const { good, bad } = yaml.parse(readFileSync(join(rules, "fixtures.yaml"), "utf8"));

async function findings(document) {
  const text = JSON.stringify(document);
  const found = await spectral.run(new core.Document(text, parsers.Json, "fixture.json"));
  return new Set(found.map((one) => one.code));
}

function changed({ at, to }) {
  const copy = structuredClone(good);
  const last = at.at(-1);
  const place = at.slice(0, -1).reduce((node, key) => node[key], copy);
  if (to === null) delete place[last];
  else place[last] = to;
  return copy;
}

const wrong = [];
const clean = await findings(good);
if (clean.size) wrong.push(`the good contract has findings: ${[...clean].join(", ")}`);
const own = Object.keys(spectral.ruleset.rules).filter((name) => name.startsWith("own-"));
for (const name of own) {
  if (!bad[name]) wrong.push(`${name} has no fixture`);
  else if (!(await findings(changed(bad[name]))).has(name)) wrong.push(`${name} does not bite`);
}
for (const name of Object.keys(bad)) {
  if (!own.includes(name)) wrong.push(`${name} is a fixture of no rule`);
}
for (const line of wrong) console.error(line);
console.log(`${own.length} rules, ${own.length - wrong.length} of them bite on their fixture`);
process.exit(wrong.length ? 1 : 0);
