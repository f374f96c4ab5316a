#!/usr/bin/env bash
# Builds the page, the one that packages carry and the executable, Release, into their usual folders. The page is built only when its sources changed.
set -euo pipefail
cd "$(dirname "$0")/.."
sources=$(find web -path web/node_modules -prune -o -path web/dist -prune -o -path web/package/dist -prune -o -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum)
if [ ! -f web/dist/index.html ] || [ ! -f web/package/dist/index.html ] || [ "$sources" != "$(cat artifacts/web.sources 2>/dev/null)" ]; then
  npm --prefix web run --silent build
  mkdir -p artifacts
  echo "$sources" > artifacts/web.sources
fi
dotnet build --no-restore --configuration Release --verbosity quiet -nologo Atalaya.slnx
