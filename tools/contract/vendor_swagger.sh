#!/bin/sh
# Copy the API reference's script and style into the package, with licence and checksums.
# The version is the one in package.json; run after changing it: tools/contract/vendor_swagger.sh
set -eu
cd "$(dirname "$0")"
assets=../../src/integration_api/portal/assets/swagger
test -d node_modules/swagger-ui-dist || npm ci --ignore-scripts --no-audit --no-fund
mkdir -p "$assets"
for file in swagger-ui-bundle.js swagger-ui.css swagger-ui-bundle.js.LICENSE.txt LICENSE NOTICE; do
  cp "node_modules/swagger-ui-dist/$file" "$assets/$file"
done
cd "$assets"
rm -f SHA256SUMS
sha256sum -- * > SHA256SUMS
cat SHA256SUMS
