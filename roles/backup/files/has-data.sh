# A Redis that has data never gets other data.
[ -e /data/dump.rdb ] || [ -e /data/appendonly.aof ] || [ -e /data/appendonlydir ]
