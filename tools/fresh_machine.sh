#!/bin/sh
# Proves that a fresh machine can do what README says: builds a minimal Debian or Ubuntu in a folder, clones this
# repository's HEAD into it, and runs make there. `-h` prints the help.
set -eu

repository=$(cd "$(dirname "$0")/.." && pwd)
clone=/srv/dicomseries
# What README asks for, and the CA certificates without which pip and git cannot download.
packages="make git ca-certificates python3 python3-venv"

print_help() {
    cat <<'HELP'
usage: tools/fresh_machine.sh [-h] SUITE [TARGET ...]
       tools/fresh_machine.sh --in ROOT [COMMAND ...]

Build a minimal root of SUITE with debootstrap, clone HEAD of this repository into it, install make, git, python3 and
python3-venv, and run `make TARGET` for each target (default: demo test). Needs root and debootstrap, about 6 GB and,
for `test`, half an hour on two cores. Each step prints its time. The root is removed in the end.

SUITE      bookworm (Python 3.11), trixie (3.13), noble (3.12), forky (3.14), or another suite of Debian or Ubuntu
--in ROOT  run COMMAND (default: a shell) in a root that was kept, in the clone's folder

Environment:
  KEEP=1       keep the root; what is printed in the end says how to enter it
  TARGETS      the same as TARGET ..., such as TARGETS="demo quick"
  TMPDIR       folder for the root (default: /tmp); not mounted with noexec or nodev
  MIRROR       address of the archive of packages (default: debootstrap's own)
  KEYRING      file with the keys of that archive, if they are not where the packages debian-archive-keyring and
               ubuntu-keyring put them

The root uses this machine's network: its name servers, CA certificates, proxies, settings of apt's transport, of pip
and of npm's registry. Folders of packages that pip's settings name are seen read-only at the same path.
HELP
}

fail() {
    printf 'error: %s\n' "$1" >&2
    exit 2
}

# ------------------------------------------------------------------------------------------- this machine's settings
# Lines of $root/root/settings are NAME=value: the environment of every command in the root.

pip_command() {
    for command in pip pip3 "python3 -m pip"; do
        if $command --version >/dev/null 2>&1; then
            echo "$command"
            return
        fi
    done
    echo true
}

# Print every local file or folder that the text of settings names, one a line. An index `.../simple` links to files
# beside it.
local_paths() {
    tr " ,'\"=" '\n\n\n\n\n' | sed 's/\\n/\n/g' | sed -n 's,^file://,,; s,/simple/*$,,; /^\/[^/]/p' | sort -u
}

copy_file() {
    mkdir -p "$root$(dirname "$1")"
    [ -e "$root$1" ] || cp -L "$1" "$root$1"
}

pass_settings_through() {
    cp -L /etc/resolv.conf "$root/etc/resolv.conf"
    cp -L /etc/hosts "$root/etc/hosts"
    apt-config dump 2>/dev/null | grep -E '^Acquire::(http|https|Check-Valid-Until)[: ].*"[^"]+";$' \
        >"$root/etc/apt/apt.conf.d/90this-machine" || true
    if [ -d /usr/local/share/ca-certificates ]; then
        mkdir -p "$root/usr/local/share/ca-certificates"
        find -L /usr/local/share/ca-certificates -name '*.crt' \
            -exec cp -L {} "$root/usr/local/share/ca-certificates/" \;
    fi

    # pip: files of settings and what they name.
    pip=$(pip_command)
    $pip config debug 2>/dev/null | sed -n 's/^ *\(\/.*\), exists: True$/\1/p' | while read -r file; do
        case $file in
        "$HOME"/*) copy_to="/root/${file#"$HOME"/}" ;;
        /etc/*) copy_to=$file ;;
        *) continue ;; # settings of one Python or one virtual environment
        esac
        mkdir -p "$root$(dirname "$copy_to")"
        cp -L "$file" "$root$copy_to"
    done

    settings=$root/root/settings
    env | grep -E '^(PIP_|npm_config_|[A-Za-z_]*(_CERT|_CERTS|_CERT_FILE|_CERT_DIR|_CA_BUNDLE|_CAINFO|_PROXY|_proxy)=)' \
        >"$settings" || true
    if command -v npm >/dev/null; then
        for key in registry cafile proxy https-proxy; do
            value=$(npm config get "$key" 2>/dev/null || true)
            case $value in
            "" | null | undefined) ;;
            *) echo "npm_config_$(echo "$key" | tr - _)=$value" >>"$settings" ;;
            esac
        done
    fi
    { $pip config list 2>/dev/null || true; cat "$settings"; } | local_paths >"$root/root/local-paths"
    while read -r path; do
        # What is below /etc/ssl is made by ca-certificates.
        case $path in /etc/ssl/*) continue ;; esac
        if [ -f "$path" ]; then copy_file "$path"; fi
    done <"$root/root/local-paths"
}

# --------------------------------------------------------------------------------------------------- inside the root
# Runs a command in the root, in mount and process namespaces of its own: the mounts and every process that the command
# left end with it, in every case.
inside() {
    unshare --mount --pid --fork --kill-child -- sh -eu -c '
        root=$1
        shift
        mount -t proc proc "$root/proc"
        mount -t sysfs -o ro sysfs "$root/sys"
        mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts "$root/dev/pts"
        mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
        while read -r path; do
            case $path in /etc/ssl/*) continue ;; esac
            if [ -d "$path" ]; then
                mkdir -p "$root$path"
                mount --bind "$path" "$root$path"
                mount -o remount,bind,ro "$root$path"
            fi
        done <"$root/root/local-paths"
        set -- chroot "$root" env -i HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive "TERM=${TERM:-dumb}" \
            PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
            sh -c "set -a; while IFS== read -r name value; do export \"\$name=\$value\"; done </root/settings
                   cd \"\$1\"; shift; exec \"\$@\"" sh "$@"
        "$@"
    ' sh "$root" "$@"
}

# Runs the rest of its arguments and prints their time under the name of the first.
step() {
    name=$1
    shift
    started=$(date +%s)
    echo "== $name"
    code=0
    "$@" || code=$?
    seconds=$(($(date +%s) - started))
    line=$(printf '%-34s %3d min %02d s' "$name" $((seconds / 60)) $((seconds % 60)))
    [ "$code" -eq 0 ] || line="$line  failed"
    times="$times$line
"
    return "$code"
}

finish() {
    code=$?
    trap - EXIT INT TERM HUP
    [ -z "$times" ] || printf '\n%s' "$times"
    if [ -z "$root" ]; then
        exit "$code"
    fi
    if [ "${KEEP:-}" = 1 ]; then
        echo "Kept. To enter it: tools/fresh_machine.sh --in $root"
    else
        rm -rf --one-file-system "$root"
    fi
    exit "$code"
}

# -------------------------------------------------------------------------------------------------------- arguments
case ${1:-} in
-h | --help)
    print_help
    exit 0
    ;;
"")
    print_help >&2
    exit 2
    ;;
esac

[ "$(uname -s)" = Linux ] || fail "this needs Linux; here is $(uname -s)"
[ "$(id -u)" -eq 0 ] || fail "debootstrap and chroot need root. Run: sudo $0 $*"

if [ "$1" = --in ]; then
    root=${2:-}
    [ -d "$root$clone" ] || fail "expected a root that this kept (KEEP=1) after --in, given '$root'"
    shift 2
    [ $# -gt 0 ] || set -- bash
    inside "$clone" "$@"
    exit
fi

suite=$1
shift
case $suite in
-*) fail "unknown option $suite; the options are -h and --in" ;;
*[!a-z0-9-]*) fail "expected the name of a suite such as bookworm or trixie, given '$suite'" ;;
esac
targets=${*:-${TARGETS:-demo test}}
command -v debootstrap >/dev/null || fail "debootstrap is missing. Run: apt-get install debootstrap"
command -v unshare >/dev/null || fail "unshare is missing. Run: apt-get install util-linux"

# Suites that are younger than this debootstrap have no script there, and are built by that of their family.
scripts=/usr/share/debootstrap/scripts
case $suite in
jammy | noble | plucky | questing | resolute) family=ubuntu script=gutsy keys=ubuntu-archive-keyring.gpg ;;
bookworm | trixie | forky | duke | sid | testing | stable) family=debian script=sid keys=debian-archive-keyring.gpg ;;
*)
    [ -e "$scripts/$suite" ] ||
        fail "unknown suite '$suite'; expected bookworm, trixie, forky, noble, or one of $scripts"
    if [ -e "$scripts/gutsy" ] && [ "$(readlink -f "$scripts/$suite")" = "$(readlink -f "$scripts/gutsy")" ]; then
        family=ubuntu keys=ubuntu-archive-keyring.gpg
    else
        family=debian keys=debian-archive-keyring.gpg
    fi
    script=$suite
    ;;
esac
[ ! -e "$scripts/$suite" ] || script=$suite
keyring=${KEYRING:-/usr/share/keyrings/$keys}
if [ ! -f "$keyring" ]; then
    case $family in
    ubuntu) keyring_package=ubuntu-keyring ;;
    *) keyring_package=debian-archive-keyring ;;
    esac
    fail "the keys of $family's archive are missing ($keyring).
Run: apt-get install $keyring_package, or give their file: KEYRING=FILE"
fi
components=main
[ "$family" = debian ] || components=main,universe

# ---------------------------------------------------------------------------------------------------------- the work
times=""
root=""
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
root=$(mktemp -d "${TMPDIR:-/tmp}/dicomseries-$suite.XXXXXX")
chmod 755 "$root"
log=$root.log

quietly() {
    if "$@" >"$log" 2>&1; then
        rm -f "$log"
        return 0
    fi
    tail -n 30 "$log" >&2
    rm -f "$log"
    return 1
}

install_packages() {
    # Both need these packages, so the CA certificates come before what is downloaded with them.
    quietly inside / apt-get update
    # shellcheck disable=SC2086
    quietly inside / apt-get install --yes --no-install-recommends $packages
}

step "debootstrap $suite" quietly debootstrap --variant=minbase "--components=$components" "--keyring=$keyring" \
    "$suite" "$root" "${MIRROR:-}" "$scripts/$script"
pass_settings_through
step "apt-get install" install_packages
step "git clone" git clone --quiet --no-hardlinks "$repository" "$root$clone"
inside "$clone" sh -c 'echo "$(. /etc/os-release && echo "$PRETTY_NAME"), $(python3 --version), $(git log -1 --format="%h %s")"'
for target in $targets; do
    step "make $target" inside "$clone" make "$target"
done
