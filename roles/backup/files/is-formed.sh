# Nodes of a cluster that is formed get their data from each other.
[ "${REDIS_MODE-}" = cluster ] || exit 1
number=0
while [ "$number" -lt "$(cat /etc/redis/replicas)" ]; do
  known=$(timeout 3 redis-cli $REDIS_CLI_OPTIONS -h "redis-$number.redis-headless" cluster nodes 2>/dev/null | grep -c :)
  [ "$known" -lt 2 ] || exit 0
  number=$((number + 1))
done
exit 1
