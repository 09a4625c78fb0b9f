# A Redis that has data never gets other data. What was restored of another backup, and never started, is no data yet.
[ -e /data/dump.rdb ] || [ -e /data/appendonly.aof ] || [ -e /data/appendonlydir ] || exit 1
[ ! -e /data/.restored ] || [ "$(cat /data/.restored)" = "${RESTORE_LOCATION-}$RESTORE_FROM" ]
