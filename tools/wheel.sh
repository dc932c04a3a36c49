#!/bin/sh
# Build the wheel, install it into an empty environment elsewhere, and run the demo's commands from there.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
"$here/.venv/bin/python" -m pip wheel -q --disable-pip-version-check --no-deps --no-build-isolation -w "$work" "$here"
"$here/.venv/bin/python" -m venv "$work/venv"
"$work/venv/bin/python" -m pip install -q --disable-pip-version-check --require-hashes -r "$here/requirements/base.lock"
"$work/venv/bin/python" -m pip install -q --disable-pip-version-check --no-deps "$work"/*.whl
"$work/venv/bin/python" -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r "$here/requirements/demo.lock"
cp -r "$here/examples" "$work/examples"
cd "$work" && env -u PYTHONPATH "$work/venv/bin/python" examples/demo.py
