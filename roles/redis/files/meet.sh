while sleep 5; do
  . /etc/redis/auth.sh
  nodes=$(redis-cli $REDIS_CLI_OPTIONS cluster nodes 2>/dev/null) || continue
  if [ "$(echo "$nodes" | grep -c :)" -lt 2 ]; then
    sh /etc/redis/rejoin.sh
    continue
  fi
  rm -f /data/.restored
  echo "$nodes" | sh /etc/redis/follow.sh
  echo "$nodes" | grep -qE 'fail|disconnected' || continue
  [ -z "$(echo "$nodes" | awk -v name="$HOSTNAME" -f /etc/redis/lost.awk)" ] || sh /etc/redis/rejoin.sh
  for host in $(sh /etc/redis/hosts.sh); do
    address=$(timeout 3 redis-cli $REDIS_CLI_OPTIONS -h "$host" config get cluster-announce-ip 2>/dev/null | sed -n 2p)
    known=$(timeout 3 redis-cli $REDIS_CLI_OPTIONS -h "$host" cluster nodes 2>/dev/null | grep -c :)
    [ -z "$address" ] || [ "$known" -lt 2 ] || redis-cli $REDIS_CLI_OPTIONS cluster meet "$address" 6379 >/dev/null
  done
done
