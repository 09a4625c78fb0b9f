# Redis gets the password as a hash in a file: it is on no command line. Replicas need it in a file of their own.
set -eu
umask 077
cp /etc/redis/redis.conf /run/redis/redis.conf
if [ -n "${REDIS_PASSWORD-}" ]; then
  hash=$(printf %s "$REDIS_PASSWORD" | sha256sum | cut -d' ' -f1)
  printf 'user default on #%s ~* &* +@all\n' "$hash" >/run/redis/users.acl
  if [ -n "${REDIS_MODE-}" ]; then
    printf 'masterauth "%s"\n' "$(printf %s "$REDIS_PASSWORD" | sh /etc/redis/quoted.sh)" >>/run/redis/redis.conf
  fi
else
  printf 'user default on nopass ~* &* +@all\n' >/run/redis/users.acl
fi
unset REDIS_PASSWORD
. /etc/redis/persistence.sh
case "${REDIS_MODE-}" in
  sentinel) . /etc/redis/start-sentinel.sh ;;
  cluster) . /etc/redis/start-cluster.sh ;;
esac
exec redis-server /run/redis/redis.conf
