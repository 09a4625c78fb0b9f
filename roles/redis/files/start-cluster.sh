# Nodes of a cluster know each other by address, and addresses change. A node that misses one meets all of them again.
# Clients are told names: one that knows addresses alone finds nobody after all pods were replaced.
{
  echo "cluster-announce-ip $POD_IP"
  echo "cluster-preferred-endpoint-type hostname"
  echo "cluster-announce-hostname $HOSTNAME.redis-headless.$NAMESPACE.$(sh /etc/redis/domain.sh)"
} >>/run/redis/redis.conf
sh /etc/redis/meet.sh &
