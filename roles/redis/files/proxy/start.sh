set -eu
export REDIS_PASSWORD_LENGTH=${#REDIS_PASSWORD}
DOMAIN=$(sh /etc/redis-proxy/domain.sh)
export DOMAIN
exec haproxy -db -f /etc/redis-proxy/haproxy.cfg
