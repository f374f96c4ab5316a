#!/usr/bin/env bash
# Runs every test and ends with one line: N passed, N failed(, N skipped). Results stay in artifacts/tests.
set -uo pipefail
cd "$(dirname "$0")/.."
results=$PWD/artifacts/tests
rm -rf "$results"
mkdir -p "$results"
broken=0

# A runner that dies before it has written its results counts as a failure of its own.
run() { # name, command …
  local name=$1
  shift
  printf '== %s\n' "$name"
  "$@" || true
  [ -s "$results/$name.json" ] || { printf '%s: the runner ended without results\n' "$name" >&2; broken=$((broken + 1)); }
}

run web npm --prefix web run --silent test -- --reporter=default --reporter=json --outputFile.json="$results/web.json"
for project in House Incidents Media Cameras Simulation Recording Analysis Node System; do
  run "$project" dotnet exec "tests/Atalaya.$project.Tests/bin/Release/net10.0/Atalaya.$project.Tests.dll" -noLogo -ctrf "$results/$project.json"
done

node scripts/summary.mjs "$results" "$broken"
