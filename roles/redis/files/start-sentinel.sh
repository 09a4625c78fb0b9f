# The master: asked from the sentinels, else from the state of this pod's sentinel, else the first pod.
domain="redis-headless.$NAMESPACE.$(sh /etc/redis/domain.sh)"
me="$HOSTNAME.$domain"
ask() {
  timeout 3 redis-cli $REDIS_CLI_OPTIONS -h redis-sentinel -p 26379 sentinel get-master-addr-by-name main 2>/dev/null |
    head -n 1 | grep -F ".$domain" || true
}
master=$(ask)
# A master without data must not empty its replicas: it waits until the sentinels choose one of them.
if [ "$master" = "$me" ] && [ ! -e /data/dump.rdb ] && [ ! -e /data/appendonlydir ] && [ ! -e /data/appendonly.aof ]; then
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    sleep 2
    master=$(ask)
    [ "$master" = "$me" ] || break
  done
fi
[ -n "$master" ] || master=$(awk '$1 == "sentinel" && $2 == "monitor" {print $4}' /data/sentinel.conf 2>/dev/null || true)
[ -n "$master" ] || master="redis-0.$domain"
echo "replica-announce-ip $me" >>/run/redis/redis.conf
[ "$master" = "$me" ] || echo "replicaof $master 6379" >>/run/redis/redis.conf
