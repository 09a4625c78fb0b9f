# A sentinel that does not know all the others cannot fail over.
timeout 3 redis-cli $REDIS_CLI_OPTIONS -p 26379 sentinel master main |
  awk -v others=$(($(cat /etc/redis/replicas) - 1)) \
    'name ~ /^num-(slaves|other-sentinels)$/ && $1 >= others {known++} {name = $1} END {exit known != 2}'
