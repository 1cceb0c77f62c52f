#!/bin/sh
# Installs torch for processors, MONAI, TorchIO, nnU-Net and TotalSegmentator into .venv/integrations, about 700 MB.
# Their dependencies that the tests do not need are left out.
set -eu

folder=.venv/integrations
sha256=$(sha256sum tools/integrations.txt)

[ "$(cat "$folder/complete" 2>/dev/null)" != "$sha256" ] || exit 0
echo "Installing torch, MONAI, TorchIO, nnU-Net and TotalSegmentator into $folder"
rm -rf "$folder"
PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 .venv/bin/python -m pip install --quiet --no-compile --no-deps \
    --target "$folder" --requirement tools/integrations.txt || {
    echo "If the index of this machine has no build of torch for processors (2.13.0+cpu), name one that has:" >&2
    echo "PIP_EXTRA_INDEX_URL=… make integrations" >&2
    exit 1
}
echo "$sha256" >"$folder/complete"
