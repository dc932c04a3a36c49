#!/bin/sh
# Add the Debian packages that tests and the demo need, where that can be done: apt.sh LIST
# Without apt, or without root or sudo, what needs them is skipped, each with its line.
set -eu
missing=
for package in $(cat "$1"); do
  dpkg -s "$package" >/dev/null 2>&1 || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
command -v apt-get >/dev/null 2>&1 || { echo "apt: not a Debian system; what needs$missing is skipped" >&2; exit 0; }
sudo=
if [ "$(id -u)" != 0 ]; then
  sudo -n true 2>/dev/null || { echo "apt: no root and no sudo; what needs$missing is skipped" >&2; exit 0; }
  sudo=sudo
fi
echo "apt: adding$missing" >&2
log=$(mktemp)
{ $sudo apt-get update -qq && $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing; } >"$log" 2>&1 ||
  { cat "$log" >&2; exit 1; }
rm -f "$log"
