# A sentinel keeps its state beside the data: it still knows the last master after a restart of all pods.
set -eu
umask 077
until [ -e /run/redis/users.acl ]; do sleep 1; done
. /etc/redis/auth.sh
domain="redis-headless.$NAMESPACE.$(sh /etc/redis/domain.sh)"
file=/data/sentinel.conf
quorum=$(($(cat /etc/redis/replicas) / 2 + 1))
if [ ! -s "$file" ]; then
  until [ "$(redis-cli $REDIS_CLI_OPTIONS -h "redis-0.$domain" ping 2>/dev/null)" = PONG ]; do sleep 1; done
  {
    echo "sentinel resolve-hostnames yes"
    echo "sentinel announce-hostnames yes"
    echo "sentinel monitor main redis-0.$domain 6379 $quorum"
  } >"$file.new"
  mv "$file.new" "$file"
fi
# Settings that may have changed since the last start.
{
  grep -vE '^(port |tls-|dir |bind |protected-mode |sentinel (announce-ip|auth-pass|down-after-milliseconds|failover-timeout) )' "$file"
  echo "dir /tmp"
  echo "bind * -::*"
  echo "protected-mode no"
  if [ -n "$REDIS_CLI_OPTIONS" ]; then
    printf '%s\n' "port 0" "tls-port 26379" "tls-replication yes" "tls-auth-clients optional" \
      "tls-cert-file /run/redis/tls/served/tls.crt" "tls-key-file /run/redis/tls/served/tls.key" \
      "tls-ca-cert-file /run/redis/tls/ca.crt"
  else
    echo "port 26379"
  fi
  echo "sentinel announce-ip $HOSTNAME.$domain"
  echo "sentinel down-after-milliseconds main 5000"
  # A failed election is repeated after twice this time.
  echo "sentinel failover-timeout main 10000"
  if [ -n "${REDISCLI_AUTH-}" ]; then
    printf 'sentinel auth-pass main "%s"\n' "$(printf %s "$REDISCLI_AUTH" | sh /etc/redis/quoted.sh)"
  fi
} >"$file.new"
mv "$file.new" "$file"
unset REDISCLI_AUTH
while sleep 5; do sh /etc/redis/resize.sh || true; done &
exec redis-server "$file" --sentinel
