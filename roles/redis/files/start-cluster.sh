# Nodes of a cluster know each other by address, and addresses change. A node that misses one meets all of them again.
{
  echo "cluster-announce-ip $POD_IP"
  echo "cluster-announce-hostname $HOSTNAME.redis-headless.$NAMESPACE.$(sh /etc/redis/domain.sh)"
} >>/run/redis/redis.conf
sh /etc/redis/meet.sh &
