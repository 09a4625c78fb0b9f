# A pod whose volume was lost is a new node of an old name. When the others have given up the old node it takes its
# place: as a replica where another one has its slots, else as their master, empty like any Redis that lost its volume.
# It may be ended at any moment: the next time does what is left.
cli() { redis-cli $REDIS_CLI_OPTIONS "$@"; }
mine=$(cli cluster nodes)
me=$(echo "$mine" | awk '/myself/ {print $1}')
for host in $(sh /etc/redis/hosts.sh); do
  nodes=$(timeout 3 redis-cli $REDIS_CLI_OPTIONS -h "$host" cluster nodes 2>/dev/null)
  old=$(echo "$nodes" | awk -v me="$me" -v name="$HOSTNAME" -f /etc/redis/lost.awk)
  [ -z "$old" ] || break
done
[ -n "$old" ] || exit 0
lost=$(echo "$old" | cut -d' ' -f1)
slots=$(echo "$old" | awk '{for (i = 9; i <= NF; i++) if ($i !~ /\[/) {count = split($i, range, "-"); print range[1], range[count]}}')
others=$(echo "$nodes" | grep -vxF "$old" | awk -v me="$me" '$1 != me')
heir=$(echo "$others" | awk -v lost="$lost" '$3 !~ /fail|noaddr/ && index(lost, $4) {sub(/:.*/, "", $2); print $2; exit}')
role=--cluster-slave
[ "$(echo "$others" | awk -f /etc/redis/live-masters.awk | grep -c :)" -ge "$(cat /etc/redis/masters)" ] || role=
if [ -n "$slots" ] && [ -n "$heir" ]; then
  # Its replica takes over. It does so by itself where the others can see that the master has failed.
  case "$old" in *noaddr*) cli -h "$heir" cluster failover force ;; esac
  exit 0
elif [ "$(echo "$mine" | grep -c :)" -ge 2 ]; then
  # It was ended when it had joined, as a master without slots.
  if [ -n "$role" ] && echo "$mine" | grep -q 'myself,master.* connected$'; then
    cli cluster replicate "$(echo "$others" | awk -f /etc/redis/fewest-replicas.awk)"
  fi
elif [ -z "$slots" ]; then
  cli --cluster add-node "$POD_IP:6379" "$host:6379" $role || exit 1
else
  cli cluster set-config-epoch "$(echo "$nodes" | awk '$7 > last {last = $7} END {print last + 1}')"
  cli cluster addslotsrange $slots
  address=$(cli -h "$host" config get cluster-announce-ip | sed -n 2p)
  cli cluster meet "$address" 6379
fi
for node in $lost; do cli --cluster call "$host:6379" cluster forget "$node"; done
