# In a formed cluster, nodes get their data from each other.
[ "${REDIS_MODE-}" = cluster ] || exit 1
for host in $(sh /etc/redis/hosts.sh); do
  known=$(timeout 3 redis-cli $REDIS_CLI_OPTIONS -h "$host" cluster nodes 2>/dev/null | grep -c :)
  [ "$known" -lt 2 ] || exit 0
done
exit 1
