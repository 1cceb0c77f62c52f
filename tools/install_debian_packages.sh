#!/bin/sh
# Installs what the tests use of Debian: a second generation of validators, readers (dcmtk, vtk-dicom, an archive with its
# DICOMweb, a browser for the viewers that run in one), and a float MR image.
set -eu

packages="dicom3tools mricron-data dcmtk orthanc orthanc-dicomweb vtk-dicom-tools chromium"

missing=""
for package in $packages; do
    state=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

install="apt-get install --yes --no-install-recommends"
if ! command -v apt-get >/dev/null; then
    echo "Without Debian's packages$missing, the tests that ask them are skipped (no apt-get here)." >&2
    exit 0
fi
if [ "$(id -u)" -ne 0 ]; then
    echo "Debian's packages$missing are missing: the tests that ask them are skipped. To run them all, first do:" >&2
    echo "    sudo apt-get update && sudo $install$missing" >&2
    exit 0
fi

export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
policy=/usr/sbin/policy-rc.d
if [ -e "$policy" ]; then policy=""; fi
trap 'rm -f "$log" ${policy:+"$policy"}' EXIT
# The tests start an Orthanc of their own; Debian's package would start one at once, open to the network.
if [ -n "$policy" ]; then printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy"; fi

echo "Installing Debian's packages$missing"
# The lists of packages may be missing or old: then the first try fails and the second has new ones.
if ! $install $missing >"$log" 2>&1; then
    apt-get update >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
    there=""
    for package in $missing; do
        if apt-cache show "$package" >/dev/null 2>&1; then
            there="$there $package"
        else
            echo "There is no package $package here: the tests that ask it are skipped." >&2
        fi
    done
    $install $there >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
fi
case "$missing" in *orthanc*)
    systemctl disable orthanc.service >/dev/null 2>&1 || true
    update-rc.d orthanc disable >/dev/null 2>&1 || true
    ;;
esac
