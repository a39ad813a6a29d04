#!/bin/sh
# The contract seen from outside: linters, workflows, two clients, a login, a browser, a fuzzer. Run by
# `make contract`; needs Node 20 or newer and Chromium. Starts a demo of its own and stops it.
set -eu
cd "$(dirname "$0")/../.."
bin="$PWD/.venv/bin"
here=tools/contract
page=examples/frontend
tools="$PWD/$here/.venv"
python="$tools/bin/python"
port="${CONTRACT_PORT:-8791}"
base="http://127.0.0.1:$port"
export REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true
export PATH="$PWD/$here/node_modules/.bin:$PATH"

say() { printf '\n== %s\n' "$1"; }
need() { command -v "$1" > /dev/null || { echo "make contract needs $1: $2"; exit 2; }; }

need node "Node.js 20 or newer"
browser="${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)}"
[ -n "$browser" ] || { echo "make contract needs Chromium, or CHROMIUM=/path/to/it"; exit 2; }

for folder in "$here" "$page"; do
  if [ ! -e "$folder/node_modules/.package-lock.json" ] ||
    [ "$folder/package-lock.json" -nt "$folder/node_modules/.package-lock.json" ]; then
    say "install what $folder needs"
    npm ci --prefix "$folder" --ignore-scripts --no-audit --no-fund
  fi
done
if [ ! -e "$tools/.stamp" ] || [ requirements/contract.lock -nt "$tools/.stamp" ]; then
  say "install the writer of the Python client, in an environment of its own"
  "$bin/python" -m venv --clear "$tools"
  "$python" -m pip install --quiet --disable-pip-version-check --require-hashes \
    -r requirements/contract.lock
  touch "$tools/.stamp"
fi

say "every lint rule catches its fixture, and none complains of the good one"
node "$here/check_rules.mjs"

say "our rules hold: the conventions, as far as a linter sees them"
spectral lint -r openapi/rules/own.spectral.yaml openapi/openapi.yaml --fail-severity=warn

say "OWASP's rules hold: what an API must say about limits, credentials and refusals"
spectral lint -r openapi/rules/owasp.spectral.yaml openapi/openapi.yaml --fail-severity=warn

say "a third linter agrees, of the contract and of the workflows"
redocly lint --extends=recommended-strict openapi/openapi.yaml openapi/workflows/*.arazzo.yaml

say "a TypeScript client compiles, and what is wrong in it does not"
openapi-typescript openapi/openapi.yaml -o "$here/smoke/schema.d.ts" --enum=false
tsc -p "$here/smoke"

say "a Python client is written without a warning, compiles, and what is wrong in it does not"
"$python" -m openapi_python_client generate --path openapi/openapi.yaml --meta none --overwrite \
  --config "$here/python/config.yaml" --output-path "$here/python/integration_client" --fail-on-warning
"$python" -m compileall -q "$here/python/integration_client"
(cd "$here/python" && "$python" -m mypy --strict --config-file= --cache-dir="$tools/mypy" walk.py)

say "the example page compiles"
npm run --silent --prefix "$page" build

say "systems log in at a real OpenID provider"
"$bin/python" "$here/identity.py"

say "start a demo on $base"
work="$(mktemp -d)"
chmod 755 "$work"
export INTEGRATION_API_CALLER_RATE=1000000/second INTEGRATION_API_ADDRESS_RATE=1000000/second
INTEGRATION_API_DATA_DIR="$work/var" "$bin/integration-api" serve --demo --with-worker \
  --port "$port" > "$work/log" 2>&1 &
demo=$!
trap 'kill "$demo" 2> /dev/null || true; wait "$demo" 2> /dev/null || true; rm -rf "$work"' EXIT
tries=0
until curl -sf "$base/health/ready" > /dev/null; do
  tries=$((tries + 1))
  kill -0 "$demo" 2> /dev/null && [ "$tries" -lt 120 ] || { tail -20 "$work/log"; exit 1; }
  sleep 0.5
done

key() {
  "$bin/python" -c 'import json, sys; print(json.load(open(sys.argv[1]))["keys"][sys.argv[2]])' \
    "$work/var/demo/credentials.json" "$1"
}

say "what is served is what is committed"
curl -sf "$base/v1/openapi.json" | cmp - openapi/openapi.json
curl -sf "$base/v1/openapi.yaml" | cmp - openapi/openapi.yaml
curl -sf "$base/v1/openapi.json?lang=de" | cmp - openapi/openapi.de.json
curl -sf "$base/v1/openapi.yaml?lang=de" | cmp - openapi/openapi.de.yaml
echo "equal"

say "hand-over, tandem and partner sync go as they are written"
"$bin/python" "$here/workflows.py" --url "$base" "$work/var/demo/credentials.json"

say "the TypeScript client works"
node "$here/smoke/built/walk.js" "$base" "$(key wuppertal-case-management)"

say "the Python client works"
"$python" "$here/python/walk.py" "$base" "$(key wuppertal-case-management)"

say "pages in a browser ask no other host"
node "$here/docs_no_foreign.mjs" "$base" "$browser"

say "the portal in a browser, two widths: axe, copy, language, drawings, signatures"
node "$here/portal.mjs" "$base" "$browser"

say "the TypeScript of the quick start compiles and runs"
node "$here/snippets.mjs" "$base"

say "two clerks work with the example page"
node "$here/frontend.mjs" "$base" "$browser" "$work/var/demo/credentials.json"

say "the last release's contract holds: what it allows is taken, what it says comes back"
"$bin/python" -m tools.contract.compat

say "fuzz over HTTP, on servers of its own"
"$bin/python" -m tools.contract.fuzz

say "all of it holds"
