#!/usr/bin/env bash
# Simulated cameras and a node on this machine: prints one address. Ctrl-C ends both; started again it goes on where it was.
set -euo pipefail
cd "$(dirname "$0")/.."
port=${ATALAYA_PORT:-8480} rtsp=${ATALAYA_RTSP_PORT:-8554} onvif=${ATALAYA_ONVIF_PORT:-8600}
detector=$PWD/.cache/detector
export -n ATALAYA_PORT ATALAYA_RTSP_PORT ATALAYA_ONVIF_PORT    # Ours; the node would take them for misspelt options.
home=$PWD/.cache/demo media=$PWD/.cache/media

scripts/setup.sh demo
scripts/media.sh "$media"
scripts/detector.sh
scripts/build.sh

mkdir -p "$home"

cameras=() names=()
for main in "$media"/*-main.mp4; do
  name=$(basename "$main" -main.mp4)
  cameras+=("$name=$main;sub=$media/$name-sub.mp4")
  names+=("$name")
done
# One that isn't in the configuration: to be found and added in the page.
cameras+=("spare-mast=$media/north-gate-main.mp4;sub=$media/north-gate-sub.mp4")

# The simulator gives each camera an ONVIF port, in the order in which they are named.
onvif_of() {
  for i in "${!names[@]}"; do
    if [ "${names[$i]}" = "$1" ]; then echo "127.0.0.1:$((onvif + i))"; fi
  done
}

{
  echo "# Written by make demo at each start; cameras that you add in the page are kept beside it, in the store."
  echo "name: \"Demo post\""
  echo "listen: \"127.0.0.1:$port\""
  echo "data: \"$home/data\""
  echo "# Whoever tries it is alone: nobody else is there to agree to an export. Without this line it takes two (guide/people.md)."
  echo "approvals: { for: [] }"
  echo "analysis: { model: \"$detector/nanodet-g.yaml\", faces: \"$detector/blazeface-back.yaml\", runtime: \"$detector/libonnxruntime.so.1\" }"
  echo "cameras:"
  while IFS='|' read -r id name record turns; do
    device=''
    [ "$turns" = turns ] && device=", onvif: \"$(onvif_of "$id")\""
    echo "  - { id: $id, name: \"$name\", main: \"rtsp://127.0.0.1:$rtsp/$id\", sub: \"rtsp://127.0.0.1:$rtsp/$id/sub\", record: $record$device }"
  done <<'CAMERAS'
north-gate|North gate|main|turns
east-fence|East fence|main|turns
west-path|West path|main
south-lot|South lot|main
crossing|Crossing, lane 1|both
tree-line|Tree line|main
CAMERAS
} > "$home/atalaya.yaml"

simulator='' node=''
stop() {
  trap '' INT TERM
  # The node first: it closes its segments before its cameras go.
  for process in $node $simulator; do
    kill -TERM "$process" 2>/dev/null || true
    wait "$process" 2>/dev/null || true
  done
}
trap stop EXIT
trap 'exit 0' INT TERM

./atalaya simulate --port "$rtsp" --onvif "$onvif" "${cameras[@]}" >"$home/simulate.log" 2>&1 &
simulator=$!
./atalaya serve --config "$home/atalaya.yaml" &
node=$!
# A line, a zone and places on the map to begin with, once: what you change or remove in the page stays so.
if [ ! -f "$home/.rules" ]; then
  (
    until curl -fs -o /dev/null "http://127.0.0.1:$port/api/node"; do
      kill -0 "$node" 2>/dev/null || exit 0
      sleep 0.5
    done
    # A technician for this once: who runs the demo becomes the administrator by the printed link.
    ./atalaya user add demo-setup --role technician --config "$home/atalaya.yaml" >/dev/null 2>&1 || true
    token=$(./atalaya token create demo-setup --config "$home/atalaya.yaml")
    put() { curl -fsS -o /dev/null -X PUT -H "Authorization: Bearer $token" -H 'Content-Type: application/json' --data "$2" "http://127.0.0.1:$port/api/cameras/$1"; }
    put north-gate/rules '{"rules":[{"type":"line","id":"road","name":"Across the road","points":[[0.35,0.45],[0.75,0.95]],"classes":["person"]}]}'
    put west-path/rules '{"rules":[{"type":"zone","id":"path","name":"On the path","points":[[0.3,0.3],[0.8,0.3],[0.8,0.8],[0.3,0.8]],"classes":["person"]}]}'
    # On the map, as if around a yard.
    put north-gate/place '{"latitude":35.16985,"longitude":-6.15040,"heading":20,"angle":70,"range":60}'
    put east-fence/place '{"latitude":35.16945,"longitude":-6.14925,"heading":100,"angle":60,"range":80}'
    put west-path/place '{"latitude":35.16935,"longitude":-6.15155,"heading":260,"angle":80,"range":50}'
    put south-lot/place '{"latitude":35.16880,"longitude":-6.15095,"heading":200,"angle":75,"range":55}'
    put crossing/place '{"latitude":35.16905,"longitude":-6.14990,"heading":160,"angle":90,"range":40}'
    put tree-line/place '{"latitude":35.16960,"longitude":-6.15120,"heading":320,"angle":60,"range":70}'
    ./atalaya user disable demo-setup --config "$home/atalaya.yaml"
    touch "$home/.rules"
  ) &
fi
# Ends when either does.
wait -n "$simulator" "$node"
if ! kill -0 "$simulator" 2>/dev/null; then
  echo "demo: the camera simulator has ended:" >&2
  tail -n 5 "$home/simulate.log" >&2
  exit 1
fi
wait "$node"
