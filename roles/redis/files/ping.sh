# redis-cli ends with success whatever the answer is. A node that does not see a whole cluster, or a replica without its
# master's data, is of no use to clients, and no pod is to be replaced after it.
. /etc/redis/auth.sh
answer=$(redis-cli $REDIS_CLI_OPTIONS ping)
if [ "$answer" = PONG ] && [ -n "${REDIS_MODE-}" ]; then
  wrong=$({
    redis-cli $REDIS_CLI_OPTIONS cluster info
    redis-cli $REDIS_CLI_OPTIONS info replication
  } |
    tr -d '\r' | grep -E '^(cluster_state|master_link_status):' | grep -vE ':(ok|up)$')
  answer=${wrong:-PONG}
fi
echo "$answer"
[ "$answer" = PONG ]
