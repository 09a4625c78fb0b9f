# Redis takes an RDB file for the beginning of an append-only file of the old kind.
set -eu
if sh /scripts/has-data.sh || sh /scripts/is-formed.sh; then exit 0; fi
cd "/backup/$RESTORE_FROM"
copies=$(wc -l <SHA256SUMS)
masters=1
[ -z "${REDIS_MODE-}" ] || masters=$(cat /etc/redis/masters)
if [ "$copies" -gt "$masters" ]; then
  echo "spec.backup.restoreFrom is of a Redis with $copies masters: spec.redis must have the mode cluster and masters: $copies, or more"
  exit 1
fi
part=$(sh /scripts/part.sh)
[ -n "$part" ] || exit 0
copy=${part##*/}
echo "$part" | sha256sum -c
redis-check-rdb "$copy"
rm -rf /data/.restored.partial /data/dump.rdb /data/appendonly.aof /data/appendonlydir /data/nodes.conf
echo "${RESTORE_LOCATION-}$RESTORE_FROM" >/data/.restored
cp "$copy" /data/.restored.partial
mv /data/.restored.partial "/data/$RESTORE_TO"
