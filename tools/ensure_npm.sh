#!/bin/sh
# Installs Debian's npm where there is none (as root), or says how; exits with 1 if there is still none.
# The argument says which tests are skipped without it.
set -eu

! command -v npm >/dev/null || exit 0
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "npm is missing: $1 are skipped. To run them, first do:" >&2
    echo "    sudo apt-get update && sudo apt-get install --yes --no-install-recommends npm" >&2
    exit 1
fi
export DEBIAN_FRONTEND=noninteractive
echo "Installing Debian's package npm"
apt-get install --yes --no-install-recommends npm >/dev/null 2>&1 ||
    { apt-get update && apt-get install --yes --no-install-recommends npm; } >/dev/null
