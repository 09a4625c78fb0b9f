# Nodes of a cluster know each other by address, and addresses change. A node that misses one meets all of them again.
{
  echo "cluster-announce-ip $POD_IP"
  echo "cluster-announce-hostname $HOSTNAME.redis-headless.$NAMESPACE.$(sh /etc/redis/domain.sh)"
  # A certificate has names: with TLS, clients are told names instead of addresses.
  [ -z "$REDIS_CLI_OPTIONS" ] || echo "cluster-preferred-endpoint-type hostname"
} >>/run/redis/redis.conf
sh /etc/redis/meet.sh &
