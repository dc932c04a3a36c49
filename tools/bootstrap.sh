#!/bin/sh
# Make a virtual environment from a hashed lock file: bootstrap.sh VENV LOCK
# Needs Python >= 3.11; on Debian or Ubuntu the venv module is added with apt when it is missing.
set -eu
venv=$1
lock=$2
for python in "${PYTHON:-}" python3.14 python3.13 python3.12 python3.11 python3; do
  [ -n "$python" ] && command -v "$python" >/dev/null 2>&1 || continue
  "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break
  python=
done
[ -n "${python:-}" ] || { echo "bootstrap: no Python >= 3.11 found; set PYTHON=..." >&2; exit 2; }
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
  echo "bootstrap: adding the venv module with apt" >&2
  sudo=; [ "$(id -u)" = 0 ] || sudo=sudo
  { $sudo apt-get update -qq &&
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$(basename "$python")-venv"; } >/dev/null
fi
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
"$venv/bin/python" -m pip install -q --disable-pip-version-check --require-hashes -r "$lock"
"$venv/bin/python" -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
