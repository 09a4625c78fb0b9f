# Forms the cluster once; brings new pods into it, as masters until there are enough, then as replicas.
set -eu
replicas=$REDIS_REPLICAS
masters=$REDIS_MASTERS
cli() {
  host=$1
  shift
  timeout 10 redis-cli $REDIS_CLI_OPTIONS -h "$host" "$@"
}
pod() { echo "redis-$1.redis-headless"; }
address() { cli "$(pod "$1")" config get cluster-announce-ip | sed -n 2p; }
known() { cli "$(pod "$1")" cluster nodes | grep -v handshake | grep -c :; }
slots() { cli "$(pod "$1")" cluster nodes | awk '/myself/ {for (i = 9; i <= NF; i++) print $i}'; }
agree() {
  for attempt in 1 2 3 4 5 6; do
    if redis-cli $REDIS_CLI_OPTIONS --cluster check "$first" | grep -q 'All nodes agree'; then break; fi
    echo "waiting for the nodes to agree ($attempt)"
    sleep 5
  done
}
numbers=$(seq 0 $((replicas - 1)))
formed=""
for number in $numbers; do
  until [ "$(cli "$(pod "$number")" ping 2>/dev/null)" = PONG ]; do
    echo "waiting for $(pod "$number")"
    sleep 2
  done
  [ -n "$formed" ] || [ "$(known "$number")" -lt 2 ] || formed=$number
done
seed=${formed:-0}
first="$(address "$seed"):6379"
[ -n "$formed" ] || . /etc/redis/form.sh
for number in $numbers; do
  [ "$(known "$number")" -lt 2 ] || continue
  present=$(cli "$(pod "$seed")" cluster nodes | awk -f /etc/redis/live-masters.awk | grep -c :)
  if [ -n "$(slots "$number")" ]; then
    cli "$(pod "$seed")" cluster meet "$(address "$number")" 6379
  elif [ "$present" -lt "$masters" ]; then
    redis-cli $REDIS_CLI_OPTIONS --cluster add-node "$(address "$number"):6379" "$first"
  else
    redis-cli $REDIS_CLI_OPTIONS --cluster add-node "$(address "$number"):6379" "$first" --cluster-slave
  fi
  until [ "$(known "$number")" -gt 2 ]; do sleep 1; done
  sleep 5
done
# Slots move once every node knows both ends. An interrupted move is finished first.
for number in $numbers; do
  until [ "$(known "$number")" -ge "$replicas" ]; do
    echo "waiting for $(pod "$number") to know all"
    sleep 2
  done
done
agree
if redis-cli $REDIS_CLI_OPTIONS --cluster check "$first" | grep -q 'slots are open'; then
  redis-cli $REDIS_CLI_OPTIONS --cluster fix "$first"
fi
redis-cli $REDIS_CLI_OPTIONS --cluster rebalance "$first" --cluster-use-empty-masters
agree
redis-cli $REDIS_CLI_OPTIONS --cluster check "$first"
