#!/bin/sh
# Fetches the viewers and readers of package-lock.json and no others, and bundles the tests' pages and scripts.
set -eu

source=tests/interop/viewers
folder=.venv/viewers
sum=$(cat "$source"/* | sha256sum)

[ "$(cat "$folder/complete" 2>/dev/null)" != "$sum" ] || exit 0
sh tools/ensure_npm.sh "the tests that ask viewers and readers of npm" || exit 0

echo "Fetching Cornerstone3D and its adapters, NiiVue, ITK-Wasm, calculate-suv, dcmjs-imaging and axe-core from npm"
rm -rf "$folder" && mkdir -p "$folder"
cp "$source"/* "$folder"
# Without their scripts: esbuild's program is a package of its own.
(cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund --silent && node build.mjs)
rm -rf "$folder/node_modules"
echo "$sum" >"$folder/complete"
