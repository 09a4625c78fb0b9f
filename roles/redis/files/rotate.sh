# Takes over a password that changed in its Secret, without a restart and in three steps: Redis accepts both; after two minutes,
# when the other pods have the new one as well, Redis and its sentinel use it; after ten minutes Redis accepts it alone.
# The file accepted has a line for each password that Redis accepts, the last one for the Secret's: hash, and since when.
set -eu
cd /run/redis
. /etc/redis/auth.sh
cli() { timeout 10 redis-cli $REDIS_CLI_OPTIONS "$@"; }
cat /run/auth/password >present # a copy would be read-only, as the Secret is
hash=$(sh /etc/redis/hash.sh <present)
now=$(date +%s)
if [ "$(tail -n 1 accepted | cut -d' ' -f1)" != "$hash" ]; then
  [ "$(cli acl setuser default "#$hash")" = OK ] || exit 0
  sh /etc/redis/accept.sh "$hash"
  echo "the password of the Secret is accepted, beside the one before"
fi
age=$((now - $(tail -n 1 accepted | cut -d' ' -f2)))
if [ "$age" -ge 120 ] && ! cmp -s present password; then
  if [ -n "${REDIS_MODE-}" ]; then [ "$(cli -x config set masterauth <present)" = OK ] || exit 0; fi
  if [ "${REDIS_MODE-}" = sentinel ]; then [ "$(cli -p 26379 -x sentinel set main auth-pass <present)" = OK ] || exit 0; fi
  mv present password
  echo "the password of the Secret is used"
fi
if [ "$age" -ge 600 ] && [ "$(sh /etc/redis/hash.sh <password)" = "$hash" ]; then
  sed '$d; s/ .*//' accepted >former
  while read -r old; do
    [ "$(cli acl setuser default "!$old" </dev/null)" = OK ] || exit 0
    grep -v "^$old " accepted >accepted.new
    mv accepted.new accepted
    echo "the password before is refused"
  done <former
fi
