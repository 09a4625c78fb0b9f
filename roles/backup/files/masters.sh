# In a cluster all masters, else the one that clients reach.
set -eu
if [ "$REDIS_MODE" = cluster ]; then
  redis-cli $REDIS_CLI_OPTIONS -h redis cluster nodes |
    awk -f /scripts/live-masters.awk |
    awk '{split($2, part, ","); split(part[1], at, ":"); print part[2] ? part[2] : at[1]}'
else
  echo redis
fi
