#!/usr/bin/env bash
# A PostgreSQL server for tests: a cluster of its own in a temporary folder, reached through a socket in it, never as root.
#   scripts/postgres.sh run COMMAND…    runs a command with ATALAYA_TEST_POSTGRES set, and removes the server behind it
#   scripts/postgres.sh installed       exit code 0 if there is a server to run
#   scripts/postgres.sh make            makes a cluster; prints its folder and its connection string
#   scripts/postgres.sh start|stop|remove FOLDER
set -euo pipefail

bin=
for folder in /usr/lib/postgresql/*/bin; do
  [ -x "$folder/initdb" ] && bin=$folder    # the newest is the last
done

fail() { printf 'postgres: %s\n' "$*" >&2; exit 1; }

# The server refuses to run as root; who isn't root runs it as himself.
as_server() {
  if [ "$(id -u)" = 0 ]; then
    (cd / && exec setpriv --reuid=nobody --regid=nogroup --clear-groups "$@")
  else
    "$@"
  fi
}

make_cluster() {
  folder=$(mktemp -d "${TMPDIR:-/tmp}/atalaya-postgres-XXXXXXXX")
  [ "$(id -u)" != 0 ] || chown nobody:nogroup "$folder"
  # A language's own order, as servers usually have it: what must sort by bytes has to say so itself.
  as_server "$bin/initdb" -D "$folder/data" -U atalaya -A trust -E UTF8 --locale=C.UTF-8 --locale-provider=icu --icu-locale=en --no-sync >"$folder.log" 2>&1 \
    || { cat "$folder.log" >&2; rm -rf "$folder" "$folder.log"; fail "initdb failed"; }
  rm -f "$folder.log"
  as_server tee -a "$folder/data/postgresql.conf" >/dev/null <<CONF
listen_addresses = ''
unix_socket_directories = '$folder'
unix_socket_permissions = 0700
max_connections = 300
max_locks_per_transaction = 256
shared_buffers = 32MB
fsync = off
synchronous_commit = off
full_page_writes = off
CONF
}

connection_string() { printf 'Host=%s;Database=postgres;Username=atalaya\n' "$1"; }

start() { as_server "$bin/pg_ctl" -D "$1/data" -l "$1/log" -w -t 60 start >/dev/null || { as_server tail -n 20 "$1/log" >&2; fail "the server doesn't start"; }; }
stop() { as_server "$bin/pg_ctl" -D "$1/data" -m fast -w -t 60 stop >/dev/null; }

remove() {
  [ ! -e "$1/data/postmaster.pid" ] || as_server "$bin/pg_ctl" -D "$1/data" -m immediate -w -t 60 stop >/dev/null
  rm -rf "$1"
}

verb=${1:-}
case "$verb" in
  installed) [ -n "$bin" ]; exit ;;
  run | make | start | stop | remove) [ -n "$bin" ] || fail "PostgreSQL isn't installed: scripts/setup.sh test installs it" ;;
  *) fail "usage: scripts/postgres.sh run COMMAND… | installed | make | start|stop|remove FOLDER" ;;
esac
case "$verb" in
  make)
    make_cluster
    printf '%s\n' "$folder"
    connection_string "$folder"
    ;;
  run)
    shift
    make_cluster
    trap 'remove "$folder"' EXIT
    trap 'exit 130' INT TERM
    start "$folder"
    ATALAYA_TEST_POSTGRES=$(connection_string "$folder") "$@"
    ;;
  *)
    case "${2:-}" in
      "${TMPDIR:-/tmp}"/atalaya-postgres-*) "$verb" "$2" ;;
      *) fail "'${2:-}' isn't the folder of a server that was made here" ;;
    esac
    ;;
esac
