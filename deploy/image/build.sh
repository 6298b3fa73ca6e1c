#!/bin/bash
# Builds the image without a container daemon or a registry, runs it and asks it: `make image`.
#
#   1. a base system with Python from debootstrap           (kept in build/image/base)
#   2. the repository's Dockerfile through buildah, chroot isolation, vfs storage
#   3. the result as user 65532 on a read-only root in a network namespace of its own (no network):
#      it must become healthy, answer a chat request, and stop on SIGTERM
#
# Needs root, debootstrap and buildah; installs the two with apt-get where they are missing.
# Options: --keep leaves the storage behind; --export FILE also writes a docker archive.
# BASE_SUITE names another Debian release, BASE another image instead of a debootstrap base.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly work=$PWD/build/image
readonly image=localhost/gatehouse:latest
suite=${BASE_SUITE:-bookworm}
base=${BASE:-localhost/debian-python:$suite}
keep='' archive=''
while (($#)); do
  case $1 in
    --keep) keep=yes ;;
    --export) archive=$(realpath "$2"); shift ;;
    *) echo "unknown option: $1" >&2; exit 2 ;;
  esac
  shift
done

step() { printf '\n== %s (%ss)\n' "$1" "$SECONDS"; }
build() { buildah --root "$work/storage" --runroot "$work/run" --storage-driver vfs "$@"; }

need() {
  [[ $(id -u) == 0 ]] || { echo 'make image needs root (debootstrap, chroot)' >&2; exit 1; }
  local missing=() tool
  for tool in debootstrap buildah; do command -v "$tool" >/dev/null || missing+=("$tool"); done
  ((${#missing[@]})) || return 0
  command -v apt-get >/dev/null || { echo "install first: ${missing[*]}" >&2; exit 1; }
  { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"; } \
    >"$work/apt.log" 2>&1 </dev/null || { tail "$work/apt.log" >&2; exit 1; }
}

make_base() {
  if [[ ! -e $work/base/.complete ]]; then
    rm -rf "$work/base"
    debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates "$suite" "$work/base" \
      >"$work/debootstrap.log" 2>&1 || { tail "$work/debootstrap.log" >&2; exit 1; }
    rm -rf "$work"/base/var/cache/apt/* "$work"/base/var/lib/apt/lists/* "$work"/base/usr/share/{doc,locale,man}/*
    touch "$work/base/.complete"
  fi
  local container
  container=$(build from scratch)
  build add --quiet "$container" "$work/base" / >/dev/null
  build commit --quiet --rm "$container" "$base" >/dev/null
}

# The build uses the package index this machine's pip uses, read from its configuration and mounted
# for the build only: no address enters the image or the repository.
pip_options() {
  local listing=$work/pip.conf path
  "${PYTHON:-python3}" - >"$listing" <<'PY'
import shlex, subprocess, sys
lines = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True).stdout
merged = {}
for line in lines.splitlines():  # later sources win, as pip itself has it
    key, _, value = line.partition("=")
    section, _, name = key.partition(".")
    if section in ("global", "install", ":env:") and value:
        merged[name] = shlex.split(value)[0]
print("[global]")
for name, value in sorted(merged.items()):
    print(f"{name} = {value}")
PY
  printf '%s\n' --volume "$listing:/etc/pip.conf:ro"
  { grep -oE '(^|[ =]|file://)/[^ ]+' "$listing" || true; } | sed -E 's#^(file://|[ =])+##' | sort -u |
    while read -r path; do
      # an index of files lists its packages beside itself, so its parent folder goes along
      [[ -d $path && $path == */simple ]] && path=${path%/simple}
      [[ -e $path ]] && printf '%s\n' --volume "$path:$path:ro"
    done
}

build_image() {
  local options
  mapfile -t options < <(pip_options)
  build build --quiet --format docker --isolation chroot --layers=false --pull-never \
    "${options[@]}" --build-arg "BASE=$base" \
    --build-arg "REVISION=$(git rev-parse HEAD 2>/dev/null || echo unknown)" --tag "$image" . >"$work/build.id"
}

run_image() {
  local container root
  container=$(build from --pull-never "$image")
  root=$(build mount "$container")
  du -sh --apparent-size "$root" | awk '{print "unpacked size: " $1}'
  unshare --mount --net --fork --kill-child deploy/image/try.sh "$root"
  [[ -z $archive ]] || build push --quiet "$image" "docker-archive:$archive:gatehouse:latest"
}

tidy() { [[ $keep ]] || rm -rf "$work/storage" "$work/run"; }

mkdir -p "$work"
trap tidy EXIT
need
if [[ $base == localhost/debian-python:* ]]; then step "base from $suite"; make_base; fi
step 'image'
build_image
step 'run'
run_image
step 'done'
