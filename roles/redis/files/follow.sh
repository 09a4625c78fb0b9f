# Redis 7.0 learns its master's new address from a third node, but keeps its connection to the old one.
nodes=$(cat)
master=$(echo "$nodes" | awk '/myself/ && $3 ~ /slave/ {print $4}')
address=$(echo "$nodes" | awk -v master="$master" '$1 == master {sub(/:[0-9]+@.*/, "", $2); print $2}')
asked=$(redis-cli $REDIS_CLI_OPTIONS info replication | tr -d '\r' | sed -n 's/^master_host://p')
[ -z "$address" ] || [ "$address" = "$asked" ] || redis-cli $REDIS_CLI_OPTIONS cluster replicate "$master"
