#!/usr/bin/env bash
# Starts the emulator, runs the official SDKs' tests against it, stops it.
#
#   ./run.sh                 every area
#   ./run.sh auth.test.mjs   one file
#
# CLOUDBASE_EMULATOR names the binary; without it the debug build is made and used.
set -euo pipefail
cd "$(dirname "$0")"

if [ -z "${CLOUDBASE_EMULATOR:-}" ]; then
  cargo build --quiet --package cloudbase-emulator
  target=${CARGO_TARGET_DIR:-$(cd ../.. && pwd)/target}
  CLOUDBASE_EMULATOR=$target/debug/cloudbase-emulator
fi
[ -d node_modules ] || npm ci --ignore-scripts --silent

# The server SDK names its gateway in `Host` whatever it is connected to.
arguments=(--port 0 --allow-host emulator-local.api.tcloudbasegateway.com)
[ -f fixtures/schema.sql ] && arguments+=(--schema fixtures/schema.sql)
[ -f fixtures/documents.json ] && arguments+=(--documents fixtures/documents.json)
[ -f fixtures/functions.json ] && arguments+=(--functions fixtures/functions.json)
[ -d fixtures/models ] && arguments+=(--models fixtures/models)

coproc EMULATOR { exec "$CLOUDBASE_EMULATOR" "${arguments[@]}"; }
emulator=$EMULATOR_PID
trap 'kill "$emulator" 2>/dev/null || true' EXIT

# The emulator prints its address and keys as NAME=value lines, then "ready".
while IFS= read -r line <&"${EMULATOR[0]}"; do
  case $line in
    CLOUDBASE_*=*) export "${line?}" ;;
    ready) break ;;
  esac
done
[ -n "${CLOUDBASE_ENDPOINT:-}" ] || { echo "run.sh: the emulator did not start" >&2; exit 1; }

# One file at a time: they share the emulator and reset it. Each is run as a program of its own, because `node --test` reads
# results from a child's standard output and trips over what the SDK prints there.
files=("$@")
[ ${#files[@]} -gt 0 ] || files=(*.test.mjs)
failed=0
for file in "${files[@]}"; do
  node --test-reporter=spec "$file" || failed=1
done
exit "$failed"
