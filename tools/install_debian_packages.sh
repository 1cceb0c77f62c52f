#!/bin/sh
# Installs what the tests use of Debian: a second generation of validators, and a float MR image.
set -eu

packages="dicom3tools mricron-data"

missing=""
for package in $packages; do
    state=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

install="apt-get install --yes --no-install-recommends$missing"
if ! command -v apt-get >/dev/null; then
    echo "Without Debian's packages$missing, the tests that ask them are skipped (no apt-get here)." >&2
    exit 0
fi
if [ "$(id -u)" -ne 0 ]; then
    echo "Debian's packages$missing are missing: the tests that ask them are skipped. To run them all, first do:" >&2
    echo "    sudo apt-get update && sudo $install" >&2
    exit 0
fi

export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
echo "Installing Debian's packages$missing"
# The lists of packages may be missing or old: then the first try fails and the second has new ones.
if ! $install >"$log" 2>&1; then
    if ! { apt-get update && $install; } >"$log" 2>&1; then
        cat "$log" >&2
        exit 1
    fi
fi
