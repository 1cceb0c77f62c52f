#!/bin/sh
# Fetches the Enhanced MR that nibabel's source distribution ships and its wheel does not, for the tests of derived series.
set -eu

version=$(sed -n 's/^nibabel==//p' constraints.txt)
sha256=e646964498e39c1acb9ef098e2e119a3966ff79d8196d45203b3ddf3f46c6206
folder=.venv/images/nibabel
name=nibabel/nicom/tests/data/4d_multiframe_test.dcm

[ ! -f "$folder/complete" ] || exit 0

echo "Fetching an Enhanced MR from nibabel's source distribution"
rm -rf "$folder" && mkdir -p "$folder"
PIP_DISABLE_PIP_VERSION_CHECK=1 .venv/bin/python -m pip download --quiet --no-deps --no-binary nibabel \
	"nibabel==$version" --dest "$folder"
tar -xzf "$folder/nibabel-$version.tar.gz" -C "$folder" --strip-components 1 "nibabel-$version/$name"
rm "$folder/nibabel-$version.tar.gz"
echo "$sha256  $folder/$name" | sha256sum --check --quiet
touch "$folder/complete"
