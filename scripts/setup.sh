#!/usr/bin/env bash
# Installs what is missing: Debian packages, NuGet and npm packages. Usage: scripts/setup.sh demo|test|bench
# Needs the .NET 10 SDK, Node 20 and git; for Debian packages that are missing, root or sudo.
set -euo pipefail
cd "$(dirname "$0")/.."
purpose=${1:-demo}

fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

command -v dotnet >/dev/null || fail "the .NET SDK is missing: install .NET 10 and put 'dotnet' on the PATH"
dotnet --version >/dev/null 2>&1 || fail "'dotnet --version' does not satisfy global.json: install the .NET 10 SDK"
command -v node >/dev/null || fail "Node.js is missing: install Node 20 or newer"
[ "$(node -p 'process.versions.node.split(".")[0]')" -ge 20 ] || fail "Node.js $(node --version) is too old: install Node 20 or newer"

extra=()
if [ "$purpose" = bench ]; then
  # What analysis is compared with, and nothing else needs.
  extra=(motion)
  purpose=test
fi
packages=(ca-certificates curl ffmpeg libturbojpeg0)
# What the analysis process decodes with; its name carries the release.
case "$(. /etc/os-release 2>/dev/null; printf '%s' "${ID:-}${VERSION_ID:-}")" in
  debian12) packages+=(libavcodec59 libswscale6) ;;
  debian13) packages+=(libavcodec61 libswscale8) ;;
esac
if [ "$purpose" = test ]; then
  # Real peers: a browser, an RTSP server, fonts that the screenshots need; the bench's simulator needs a compiler.
  packages+=(chromium fonts-liberation fonts-noto-core openssl age
    python3 python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good
    gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly)
  # The other engine of the store, and a message broker; tests run servers of their own.
  packages+=(postgresql rabbitmq-server)
  # Network namespaces, in which nodes are joined by lines that lose packets.
  packages+=(iproute2)
  # A security module that signs the log; it has Ed25519. What makes reports PDF.
  packages+=(softhsm2 weasyprint)
fi

missing=()
for package in "${packages[@]}" "${extra[@]}"; do
  dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
done
root=()
[ "$(id -u)" = 0 ] || root=(sudo)
if [ ${#missing[@]} -gt 0 ]; then
  command -v apt-get >/dev/null || fail "these Debian packages are missing and there is no apt-get: ${missing[*]}"
  [ ${#root[@]} -eq 0 ] || command -v sudo >/dev/null || fail "run as root, or install these first: apt-get install ${missing[*]}"
  printf 'setup: installing %s\n' "${missing[*]}"
  "${root[@]}" apt-get update -qq
  DEBIAN_FRONTEND=noninteractive "${root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

# Packages are pinned by lock files; a machine that can't get exactly these stops here.
dotnet restore --locked-mode --verbosity quiet Atalaya.slnx
folders=(web)
[ "$purpose" = test ] && folders+=(tests/peers)    # s3rver and oidc-provider: the object store and the sign-in that tests talk to
for folder in "${folders[@]}"; do
  stamp=$folder/node_modules/.installed
  if ! cmp -s "$folder/package-lock.json" "$stamp"; then
    npm --prefix "$folder" ci --no-progress --loglevel=error
    cp "$folder/package-lock.json" "$stamp"
  fi
done

# Without a detector everything but analysis works, so a demo goes on; tests would only skip what they are for.
if ! scripts/detector.sh; then
  [ "$purpose" != test ] || fail "the detector could not be had; see above"
  echo "setup: no detector (see above): recording and live work, analysis finds nothing until scripts/detector.sh succeeds" >&2
fi
