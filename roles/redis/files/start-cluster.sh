# Nodes of a cluster know each other by their addresses, which change: those that miss one ask all for theirs.
{
  echo "cluster-announce-ip $POD_IP"
  echo "cluster-announce-hostname $HOSTNAME.redis-headless.$NAMESPACE.$(sh /etc/redis/domain.sh)"
} >>/run/redis/redis.conf
sh /etc/redis/meet.sh &
