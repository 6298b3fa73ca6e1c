#!/bin/bash
# Programs that some tests drive: redis-server (stores) and promtool (rules, dashboards).
# Installed from Debian where this user may; otherwise those tests skip and say why.
set -euo pipefail

missing=()
command -v redis-server >/dev/null || missing+=(redis-server)
command -v promtool >/dev/null || missing+=(prometheus)
((${#missing[@]})) || exit 0

if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
  echo "not installed: ${missing[*]}; the tests that need them will be skipped" >&2
  exit 0
fi

# RUNLEVEL=1 keeps the packages from starting their services.
export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
log=$(mktemp)
trap 'rm -f "$log"' EXIT
apt_get() { apt-get -o DPkg::Lock::Timeout=120 "$@" >>"$log" 2>&1 </dev/null; }
for package in "${missing[@]}"; do
  apt_get install -y --no-install-recommends "$package" && continue
  if apt_get update && apt_get install -y --no-install-recommends "$package"; then continue; fi
  echo "could not install $package; the tests that need it will be skipped:" >&2
  tail -n 3 "$log" >&2
done
