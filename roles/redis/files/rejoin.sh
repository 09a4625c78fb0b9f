# A pod whose volume was lost is a new node of an old name. When the others have given up the old node it takes its
# place: as a replica where another one has its slots, else as their master, empty like any Redis that lost its volume.
for host in $(sh /etc/redis/hosts.sh); do
  nodes=$(timeout 3 redis-cli $REDIS_CLI_OPTIONS -h "$host" cluster nodes 2>/dev/null)
  old=$(echo "$nodes" | awk -v name=",$HOSTNAME." 'index($2, name) && $3 ~ /fail$/')
  [ -z "$old" ] || break
done
[ -n "$old" ] || exit 0
lost=$(echo "$old" | cut -d' ' -f1)
slots=$(echo "$old" | awk '{for (i = 9; i <= NF; i++) if ($i !~ /\[/) {count = split($i, range, "-"); print range[1], range[count]}}')
if [ -z "$slots" ]; then
  role=--cluster-slave
  [ "$(echo "$nodes" | awk -f /etc/redis/live-masters.awk | grep -c :)" -ge "$(cat /etc/redis/masters)" ] || role=
  redis-cli $REDIS_CLI_OPTIONS --cluster add-node "$POD_IP:6379" "$host:6379" $role || exit 1
elif echo "$nodes" | cut -d' ' -f4 | grep -qF "$lost"; then
  exit 0 # its replica is about to take over
else
  redis-cli $REDIS_CLI_OPTIONS cluster set-config-epoch "$(echo "$nodes" | awk '$7 > last {last = $7} END {print last + 1}')"
  redis-cli $REDIS_CLI_OPTIONS cluster addslotsrange $slots
  address=$(redis-cli $REDIS_CLI_OPTIONS -h "$host" config get cluster-announce-ip | sed -n 2p)
  redis-cli $REDIS_CLI_OPTIONS cluster meet "$address" 6379
fi
for node in $lost; do redis-cli $REDIS_CLI_OPTIONS --cluster call "$host:6379" cluster forget "$node"; done
