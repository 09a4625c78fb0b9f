# Checks a backup before a Redis is emptied for it, and says how many keys it has. Those that expire may be gone when it is read.
set -eu
cd "/backup/$RESTORE_FROM"
copies=$(wc -l <SHA256SUMS)
if [ "$copies" -gt "$REDIS_MASTERS" ]; then
  echo "the backup is of a Redis with $copies masters: spec.redis must have the mode cluster and masters: $copies, or more"
  exit 1
fi
sha256sum -c SHA256SUMS
for copy in ./*.rdb; do redis-check-rdb "$copy"; done >/tmp/checked
awk '/ keys read$/ {keys += $(NF - 2)} / expires$/ {expires += $(NF - 1)}
     END {printf "{\"keys\": %d, \"expires\": %d}", keys, expires}' /tmp/checked >/dev/termination-log
