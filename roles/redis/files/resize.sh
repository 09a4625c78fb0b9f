# Tells the sentinel of this pod how many there are. A sentinel remembers those that are gone, and counts them: the rest may be no
# majority. So it is reset, which has it find the others again; one sentinel after the other.
set -eu
cli() { timeout 3 redis-cli $REDIS_CLI_OPTIONS -p 26379 sentinel "$@"; }
replicas=$(cat /etc/redis/replicas)
quorum=$((replicas / 2 + 1))
field() { echo "$state" | awk -v name="$1" 'last == name {print; exit} {last = $0}'; }
state=$(cli master main)
if [ "$(field quorum)" != "$quorum" ]; then cli set main quorum "$quorum"; fi
[ "$(field flags)" = master ] || exit 0
turn=$(($(date +%s) / 30 % replicas))
[ "$turn" = "${HOSTNAME##*-}" ] || exit 0
if [ "$(field num-other-sentinels)" -ge "$replicas" ] || [ "$(field num-slaves)" -ge "$replicas" ]; then
  for gone in $(seq "$replicas" "$(field num-other-sentinels)"); do
    if timeout 3 redis-cli $REDIS_CLI_OPTIONS -h "redis-$gone.redis-headless" ping >/dev/null 2>&1; then exit 0; fi
  done
  cli reset main
fi
