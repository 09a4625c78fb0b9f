# Redis reads its log (appendonlydir) or its copy (dump.rdb), as its configuration says, and starts empty where that one is
# missing. So it is given what the last Redis kept, of whatever kind. The file keeps-log or keeps-copy says which of the two
# holds, where both are there; a volume from before these files has the newer one.
logs() { [ -e /data/appendonlydir ] || [ -e /data/appendonly.aof ]; }
copy_is_newer() {
  for file in /data/appendonlydir/* /data/appendonly.aof; do
    [ ! -e "$file" ] || [ /data/dump.rdb -nt "$file" ] || return 1
  done
}
wants_log=$(awk '$1 == "appendonly" {print $2}' /run/redis/redis.conf)
wants_copies=$(awk '$1 == "save" {print $2 == "\"\"" ? "no" : "yes"; exit}' /run/redis/redis.conf)
rm -rf /data/replaced
if [ -e /data/dump.rdb ] && logs && [ ! -e /data/keeps-log ]; then
  if [ -e /data/keeps-copy ] || copy_is_newer; then
    mkdir /data/replaced
    for file in /data/appendonlydir /data/appendonly.aof; do [ ! -e "$file" ] || mv "$file" /data/replaced; done
  fi
fi
# A copy is the beginning of a log: Redis takes it for one of the old kind.
if [ "$wants_log" = yes ] && [ -e /data/dump.rdb ] && ! logs; then mv /data/dump.rdb /data/appendonly.aof; fi
if [ "$wants_log" = yes ] || logs; then
  touch /data/keeps-log
  rm -f /data/keeps-copy
else
  touch /data/keeps-copy
  rm -f /data/keeps-log
fi
# Without persistence, Redis saves a copy when it stops: a planned restart loses nothing.
if [ "$wants_log$wants_copies" = nono ]; then
  case "$(redis-server --version)" in
    *" v="[0-6].*) ;;
    *) printf '%s\n' "shutdown-on-sigterm save" "rdb-del-sync-files yes" >>/run/redis/redis.conf ;;
  esac
fi
if [ "$wants_log" = no ] && logs; then echo "appendonly yes" >>/run/redis/redis.conf; fi
if [ "$wants_log" = no ] && { logs || [ "$wants_copies" = no ]; }; then sh /etc/redis/settle.sh "$wants_copies" & fi
