# A backup is a folder named by its time. It has a copy of each master, and the checksums. It gets its name when it is complete.
set -eu
umask 077
name=$(date -u +%Y%m%dT%H%M%SZ)
partial=/backup/.partial
slots=none
sh /scripts/reach.sh redis
until sh /scripts/settled.sh "$slots"; do
  [ "$slots" = none ] || sleep 5
  rm -rf "$partial"
  mkdir "$partial"
  slots=$(sh /scripts/slots.sh)
  for host in $(sh /scripts/masters.sh); do
    copy="$partial/$(echo "$host" | sed -E 's/^([^.0-9][^.]*)[.].*/\1/').rdb" # an address is a name as a whole
    sh /scripts/reach.sh "$host"
    redis-cli $REDIS_CLI_OPTIONS -h "$host" --rdb "$copy"
    redis-check-rdb "$copy"
  done
done
(cd "$partial" && sha256sum ./*.rdb >SHA256SUMS)
mv "$partial" "/backup/$name"
echo "$name" >/tmp/name
