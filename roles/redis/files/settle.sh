# Changes from a log to copies, or to none: Redis writes the log until a copy holds all of it.
wants_copies=$1
cli() {
  . /etc/redis/auth.sh
  timeout 10 redis-cli $REDIS_CLI_OPTIONS "$@"
}
until [ "$(cli ping 2>/dev/null)" = PONG ]; do sleep 1; done
rm -f /data/dump.rdb
if [ "$wants_copies" = yes ]; then
  until [ -e /data/dump.rdb ]; do
    cli bgsave schedule
    sleep 1
  done
fi
[ -e /data/keeps-log ] || exit 0
mv /data/keeps-log /data/keeps-copy
until [ "$(cli config set appendonly no)" = OK ]; do sleep 1; done
rm -rf /data/appendonlydir /data/appendonly.aof
