#!/bin/sh
# Get the programs of other people that `make interop` runs against: into a cache, not into the tree.
# What a machine lacks, or what cannot be fetched, is skipped with one line each; the tests then say
# "skipped" in the matrix. Nothing here fails for want of a network.
set -eu
cache=${XDG_CACHE_HOME:-$HOME/.cache}/lastmile-audit/interop
log=$cache/log.txt  # what the last command said
mkdir -p "$cache/bin" "$cache/stamp"

# INTEROP_PATIENCE is how many seconds all of it may take; what is not there by then is skipped.
end=$(($(date +%s) + ${INTEROP_PATIENCE:-1800}))

say() { echo "interop: $*"; }

# once NAME COMMAND...: run a command unless this very version of it has succeeded before
once() {
  name=$1; shift
  [ -e "$cache/stamp/$name" ] && return 0
  say "getting $name"
  left=$((end - $(date +%s)))
  echo "there is no time left" >"$log"
  if [ "$left" -gt 0 ] && timeout "$left" "$@" >"$log" 2>&1 </dev/null; then
    : >"$cache/stamp/$name"
  else
    say "$name cannot be had ($(tail -n 1 "$log" | cut -c 1-160)); what needs it is skipped"
  fi
}

# built NAME MODULE@VERSION: build a Go program under a name
built() {
  once "$1-${2##*@}" sh -c 'GOBIN=$1/new go install "$3" && mv "$1/new/"* "$1/bin/$2" ' sh "$cache" "$1" "$2"
}

sudo=; [ "$(id -u)" = 0 ] || sudo=sudo
for package in docker-registry openssl; do
  command -v $package >/dev/null 2>&1 ||
    once "$package" $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $package
done

if command -v npm >/dev/null 2>&1; then
  # shellcheck disable=SC2016
  once sigstore-js-5.0.1 sh -c 'rm -rf "$1" && mkdir "$1" && cd "$1" &&
    echo "{\"private\":true}" >package.json &&
    npm install --no-audit --no-fund --loglevel=error node@24 sigstore@5.0.1 @sigstore/verify@4.1.3 \
      @sigstore/bundle@5 @sigstore/sign @sigstore/protobuf-specs@0.5.2' sh "$cache/js"
else
  say "npm is not installed; sigstore-js is skipped"
fi

# shellcheck disable=SC2016
once model-signing-1.1.1 sh -c 'rm -rf "$1" && python3 -m venv "$1" &&
  "$1/bin/pip" install -q --disable-pip-version-check model-signing==1.1.1 pyopenssl==26.4.0' \
  sh "$cache/oms"

# Last, since building takes longest.
if command -v go >/dev/null 2>&1; then
  rm -rf "$cache/new"
  built crane github.com/google/go-containerregistry/cmd/crane@v0.21.9
  built cosign github.com/sigstore/cosign/v3/cmd/cosign@v3.1.2
  built timestamp-server github.com/sigstore/timestamp-authority/v2/cmd/timestamp-server@v2.1.3
  built rekor-tiles github.com/sigstore/rekor-tiles/v2/cmd/rekor-server/posix@v2.3.0
else
  say "Go is not installed; cosign, crane, rekor-tiles and timestamp-server are skipped"
fi
