#!/bin/sh
# Fetches OHIF, as built by its makers, from its npm package: the viewer that most hospitals and projects put before a PACS.
set -eu

version=3.13.2
sha256=b189d3963bfc58e9394a9db8c7be75d07beb029ec211dbb126d47b62969dd3f1
folder=.venv/ohif

[ "$(cat "$folder/complete" 2>/dev/null)" != "$sha256" ] || exit 0
sh tools/ensure_npm.sh "the tests that ask OHIF in a browser" || exit 0

echo "Fetching OHIF from its npm package"
rm -rf "$folder" && mkdir -p "$folder"
# Packed, not installed: what it was built from would come along.
(cd "$folder" && npm pack --silent "@ohif/app@$version" 2>/dev/null >/dev/null)
echo "$sha256  $folder/ohif-app-$version.tgz" | sha256sum --check --quiet
# Three quarters of it are for microscopy and for models that segment.
tar -xzf "$folder/ohif-app-$version.tgz" -C "$folder" --strip-components 1 \
    --exclude package/dist/ort --exclude package/dist/dicom-microscopy-viewer
rm "$folder/ohif-app-$version.tgz"
echo "$sha256" >"$folder/complete"
