# Waits up to a minute until a Redis answers, whatever it says: a name or a network may fail for a moment.
set -eu
for attempt in 1 2 3 4 5 6 7 8 9 10 11 12; do
  answer=$(timeout 10 redis-cli $REDIS_CLI_OPTIONS -h "$1" ping 2>&1) || true
  case $answer in 'Could not connect'*) ;; *) exit 0 ;; esac
  [ "$attempt" = 12 ] || sleep 5
done
echo "$answer" >&2
exit 1
