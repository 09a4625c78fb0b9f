# The master: asked from the sentinels, else from the state of this pod's sentinel, else the first pod.
domain="redis-headless.$NAMESPACE.$(sh /etc/redis/domain.sh)"
me="$HOSTNAME.$domain"
ask() {
  timeout 3 redis-cli $REDIS_CLI_OPTIONS -h redis-sentinel -p 26379 sentinel get-master-addr-by-name main 2>/dev/null |
    head -n 1 | grep -F ".$domain" || true
}
has_data() { [ -e /data/dump.rdb ] || [ -e /data/appendonlydir ] || [ -e /data/appendonly.aof ]; }
others_have_data() {
  for host in $(sh /etc/redis/hosts.sh | grep -vx "$HOSTNAME.redis-headless"); do
    if timeout 3 redis-cli $REDIS_CLI_OPTIONS -h "$host" dbsize 2>/dev/null | grep -q '[1-9]'; then return; fi
  done
  false
}
master=$(ask)
# A pod without data must not become the master of those that have some: they would be emptied. It waits until the sentinels
# have chosen one of them, however long that takes.
if ! has_data; then
  while { [ -z "$master" ] || [ "$master" = "$me" ]; } && others_have_data; do
    sleep 2
    master=$(ask)
  done
fi
[ -n "$master" ] || master=$(awk '$1 == "sentinel" && $2 == "monitor" {print $4}' /data/sentinel.conf 2>/dev/null || true)
[ -n "$master" ] || master="redis-0.$domain"
echo "replica-announce-ip $me" >>/run/redis/redis.conf
[ "$master" = "$me" ] || echo "replicaof $master 6379" >>/run/redis/redis.conf
