#!/usr/bin/env bash
# Installs the programs that tests run, where they are missing: busybox and Redis for the roles' scripts, Prometheus for alerts.
set -euo pipefail
missing=0
for program in busybox redis-server redis-cli prometheus promtool; do
  command -v "$program" >/dev/null || missing=1
done
[ "$missing" = 1 ] || exit 0
as_root=()
[ "$(id -u)" = 0 ] || as_root=(sudo -n)
if ! command -v apt-get >/dev/null; then
  echo "Install busybox, redis (redis-server, redis-cli) and prometheus (with promtool): tests run them" >&2
  exit 1
fi
echo "Installing busybox, redis-server and prometheus"
# RUNLEVEL: the package must not start a server here.
install=(env RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet=2 --no-install-recommends busybox redis-server prometheus)
"${as_root[@]}" "${install[@]}" </dev/null >/dev/null || {
  "${as_root[@]}" apt-get update --quiet=2 </dev/null
  "${as_root[@]}" "${install[@]}" </dev/null >/dev/null
}
