# Who has which slots, in an order that does not depend on who tells it. Only a slot's master knows that it is moving.
set -eu
[ "$REDIS_MODE" = cluster ] || exit 0
for host in $(sh /scripts/masters.sh); do
  redis-cli $REDIS_CLI_OPTIONS -h "$host" cluster nodes | awk '/myself/ {$2 = $3 = $4 = $5 = $6 = $7 = $8 = ""; print}'
done | sort
