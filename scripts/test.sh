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
for project in House Incidents Evidence Federation Media Cameras Simulation Recording Analysis Node System; do
  # Tests of whole nodes wait more than they compute: twice as many at a time as there are processors.
  [ "$project" = Node ] && threads=2x || threads=default
  run "$project" dotnet exec "tests/Atalaya.$project.Tests/bin/Release/net10.0/Atalaya.$project.Tests.dll" -noLogo -maxThreads "$threads" -ctrf "$results/$project.json"
done

# What depends on the engine of the store, once more on the other one; `make test-postgres` runs everything there.
if [ -n "${ATALAYA_TEST_POSTGRES:-}" ]; then
  :
elif scripts/postgres.sh installed; then
  run Recording-PostgreSQL scripts/postgres.sh run dotnet exec tests/Atalaya.Recording.Tests/bin/Release/net10.0/Atalaya.Recording.Tests.dll -noLogo \
    -class Atalaya.Recording.Tests.EngineThreadTests -class Atalaya.Recording.Tests.LedgerTests -class Atalaya.Recording.Tests.LifeTests -class Atalaya.Recording.Tests.PlaybackTests \
    -class Atalaya.Recording.Tests.RecoveryTests -class Atalaya.Recording.Tests.RetentionTests -ctrf "$results/Recording-PostgreSQL.json"
  run Node-PostgreSQL scripts/postgres.sh run dotnet exec tests/Atalaya.Node.Tests/bin/Release/net10.0/Atalaya.Node.Tests.dll -noLogo -maxThreads 2x \
    -class Atalaya.Node.Tests.CameraTests -class Atalaya.Node.Tests.PlaybackTests -class Atalaya.Node.Tests.SceneTests \
    -class Atalaya.Node.Tests.StorageTests -class Atalaya.Node.Tests.Analysis.BlindLedgerTests -class Atalaya.Node.Tests.Evidence.NodeLogTests \
    -class Atalaya.Node.Tests.Alarms.AlarmRouteTests -class Atalaya.Node.Tests.Alarms.AlarmApiTests -class Atalaya.Node.Tests.Alarms.NotificationTests \
    -class Atalaya.Node.Tests.Packages.PackageTests -class Atalaya.Node.Tests.Releases.ReleaseTests -class Atalaya.Node.Tests.Oversight.OversightTests \
    -class Atalaya.Node.Tests.Federation.ShareTests -class Atalaya.Node.Tests.Federation.PartnerRequestTests -class Atalaya.Node.Tests.Federation.TemplateTests -ctrf "$results/Node-PostgreSQL.json"
else
  echo "NOT TESTED WITH POSTGRESQL: it isn't installed; scripts/setup.sh test installs it." >&2
fi

node scripts/summary.mjs "$results" "$broken"
