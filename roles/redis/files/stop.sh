# A master hands over before it stops.
set -eu
. /etc/redis/auth.sh
if timeout 5 redis-cli $REDIS_CLI_OPTIONS role | head -n 1 | grep -q master; then
  redis-cli $REDIS_CLI_OPTIONS -h redis-sentinel -p 26379 sentinel failover main
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    sleep 1
    redis-cli $REDIS_CLI_OPTIONS role | head -n 1 | grep -q master || exit 0
  done
fi
