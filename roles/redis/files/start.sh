# Redis gets the password as a hash in a file: it is on no command line. Replicas need it in a file of their own.
set -eu
umask 077
cp /etc/redis/redis.conf /run/redis/redis.conf
[ ! -e /run/tls/tls.crt ] || . /etc/redis/certificate.sh
if [ -e /run/auth/password ]; then
  hash=$(sh /etc/redis/hash.sh </run/auth/password)
  touch /run/redis/accepted
  sh /etc/redis/accept.sh "$hash"
  [ -e /run/redis/password ] || cp /run/auth/password /run/redis/password
  printf 'user default on %s ~* &* +@all\n' "$(sed 's/ .*//; s/^/#/' /run/redis/accepted | paste -sd' ' -)" >/run/redis/users.acl
  if [ -n "${REDIS_MODE-}" ]; then
    printf 'masterauth "%s"\n' "$(sh /etc/redis/quoted.sh </run/redis/password)" >>/run/redis/redis.conf
  fi
  . /etc/redis/auth.sh
else
  printf 'user default on nopass ~* &* +@all\n' >/run/redis/users.acl
fi
if [ -e /run/auth/password ] || [ -e /run/tls/tls.crt ]; then
  while sleep 5; do sh /etc/redis/secrets.sh || true; done &
fi
. /etc/redis/persistence.sh
case "${REDIS_MODE-}" in
  sentinel) . /etc/redis/start-sentinel.sh ;;
  cluster) . /etc/redis/start-cluster.sh ;;
esac
[ "${REDIS_MODE-}" = cluster ] || rm -f /data/.restored
# The shell stays the pod's first process, and waits for orphans: timeout of busybox leaves one, and Redis waits for none.
redis-server /run/redis/redis.conf &
redis=$!
trap 'kill -TERM "$redis"' TERM INT
while code=0; do
  wait "$redis" || code=$?
  kill -0 "$redis" 2>/dev/null || exit "$code" # else it was a signal that ended the waiting
done
