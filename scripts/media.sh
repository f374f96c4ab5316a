#!/usr/bin/env bash
# Makes the demo's camera footage from real video that Debian's opencv-doc package carries: pedestrians before a fixed camera
# (PETS 2009) and a tree in the wind. Usage: scripts/media.sh FOLDER
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:?usage: scripts/media.sh FOLDER}
[ -f "$out/.complete-2" ] && exit 0
mkdir -p "$out"

# The package is unpacked, not installed: minimal systems leave out /usr/share/doc, where its files would go.
clips=$out/source
if [ ! -f "$clips/tree.avi" ]; then
  echo "media: fetching footage (Debian package opencv-doc)"
  rm -rf "$clips" "$out/deb"
  mkdir -p "$clips" "$out/deb"
  installed=/usr/share/doc/opencv-doc/examples/data
  if [ -f $installed/vtest.avi ] && [ -f $installed/tree.avi ]; then
    cp $installed/vtest.avi $installed/tree.avi "$clips/"
  else
    root=()
    [ "$(id -u)" = 0 ] || root=(sudo)
    chmod 755 "$out/deb"
    (cd "$out/deb" && { apt-get -qq download opencv-doc 2>/dev/null || { "${root[@]}" apt-get update -qq && apt-get -qq download opencv-doc; }; })
    dpkg-deb --fsys-tarfile "$out"/deb/opencv-doc_*.deb | tar -x -C "$out/deb" --wildcards '*/examples/data/vtest.avi' '*/examples/data/tree.avi'
    find "$out/deb" -name '*.avi' -exec mv {} "$clips/" \;
  fi
  rm -rf "$out/deb"
fi

make_camera() { # name, source, filter, main encoder arguments …
  local name=$1 source=$2 filter=$3
  shift 3
  echo "media: encoding $name"
  ffmpeg -nostdin -v error -y -i "$clips/$source" -vf "$filter,format=yuv420p" -an "$@" "$out/$name-main.part.mp4"
  ffmpeg -nostdin -v error -y -i "$clips/$source" -vf "$filter,scale=384:288,format=yuv420p" -an \
    -c:v libx264 -preset veryfast -profile:v main -bf 0 -g 20 -sc_threshold 0 -b:v 220k -maxrate 300k -bufsize 300k "$out/$name-sub.part.mp4"
  mv "$out/$name-main.part.mp4" "$out/$name-main.mp4"
  mv "$out/$name-sub.part.mp4" "$out/$name-sub.mp4"
}

# A key frame every two seconds and no scene cuts, as cameras send it; one camera with B-frames, one with H.265.
h264=(-c:v libx264 -preset veryfast -profile:v high -g 20 -sc_threshold 0 -b:v 1500k -maxrate 2000k -bufsize 2000k)
make_camera north-gate vtest.avi "scale=1152:864:flags=lanczos" "${h264[@]}" -bf 0
make_camera east-fence vtest.avi "crop=480:360:288:96,scale=960:720:flags=lanczos" "${h264[@]}" -bf 0
make_camera west-path vtest.avi "crop=480:360:0:180,scale=960:720:flags=lanczos" "${h264[@]}" -bf 2
make_camera south-lot vtest.avi "crop=400:300:368:276,scale=960:720:flags=lanczos" "${h264[@]}" -bf 0
make_camera crossing vtest.avi "crop=384:288:192:288,scale=960:720:flags=lanczos" \
  -c:v libx265 -preset veryfast -x265-params "log-level=error:keyint=20:scenecut=0:bframes=0" -tag:v hvc1 -b:v 900k
make_camera tree-line tree.avi "fps=10,scale=640:480:flags=lanczos" "${h264[@]}" -bf 0
touch "$out/.complete-2"
