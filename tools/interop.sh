#!/bin/sh
# Get the programs of other people that `make interop` runs against: into a cache, not into the tree.
# What a machine lacks is skipped with one line each.
set -eu
cache=${XDG_CACHE_HOME:-$HOME/.cache}/lastmile-audit/interop
mkdir -p "$cache/bin" "$cache/js"
sudo=; [ "$(id -u)" = 0 ] || sudo=sudo
for package in docker-registry openssl; do
  command -v $package >/dev/null 2>&1 ||
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $package >/dev/null 2>&1 ||
    echo "interop: $package cannot be installed; what needs it is skipped"
done
if command -v go >/dev/null 2>&1; then
  for module in github.com/google/go-containerregistry/cmd/crane@v0.21.9 \
                github.com/sigstore/cosign/v3/cmd/cosign@v3.1.2; do
    name=$(basename "${module%@*}")
    [ -x "$cache/bin/$name" ] || { echo "interop: building $name"; GOBIN="$cache/bin" go install "$module"; }
  done
else
  echo "interop: Go is not installed; cosign and crane are skipped"
fi
if command -v npm >/dev/null 2>&1; then
  [ -d "$cache/js/node_modules/sigstore" ] || (cd "$cache/js" && echo '{"private":true}' > package.json &&
    npm install --no-audit --no-fund --loglevel=error node@24 sigstore@5.0.1 @sigstore/verify@4.1.3 \
      @sigstore/bundle@5 @sigstore/sign @sigstore/protobuf-specs@0.5.2 >/dev/null)
else
  echo "interop: npm is not installed; sigstore-js is skipped"
fi
[ -x "$cache/oms/bin/model_signing" ] || { python3 -m venv "$cache/oms" &&
  "$cache/oms/bin/pip" install -q --disable-pip-version-check model-signing==1.1.1 pyopenssl==26.4.0; } ||
  echo "interop: model-signing cannot be installed; skipped"
