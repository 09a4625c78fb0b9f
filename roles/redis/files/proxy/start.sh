set -eu
export REDIS_PASSWORD_LENGTH=${#REDIS_PASSWORD}
DOMAIN=$(sh /etc/redis-proxy/domain.sh)
export DOMAIN
if [ -e /run/tls/ca.crt ]; then
  cat /run/tls/ca.crt >/tmp/present
  cat /run/tls/ca.crt >/tmp/ca.crt
  while sleep 5; do sh /etc/redis-proxy/trust.sh $$ || true; done &
fi
exec haproxy -W -db -f /etc/redis-proxy/haproxy.cfg
