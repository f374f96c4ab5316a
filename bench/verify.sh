#!/usr/bin/env bash
# Writes a package of so many GiB and times sha256sum and atalaya-verify on it, each three times in turn. Usage: bench/verify.sh GIB
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")/..
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
dotnet exec "$here/bench/package/bin/Release/net10.0/Atalaya.PackageBench.dll" "$folder/package.zip" "$1" > "$folder/key"
sha256sum "$folder/package.zip" > /dev/null     # so that both find it in memory
TIMEFORMAT=%R
for round in 1 2 3; do
  a=$( { time sha256sum "$folder/package.zip" > /dev/null; } 2>&1 )
  b=$( { time "$here/atalaya-verify" "$folder/package.zip" --key "$folder/key" > "$folder/report"; } 2>&1 )
  echo "round $round: sha256sum $a s, atalaya-verify $b s, $(awk "BEGIN { printf \"%.2f\", $b / $a }") times as long"
done
grep AUTHENTIC "$folder/report"
