# Says how many keys Redis has.
set -eu
for host in $(sh /scripts/masters.sh); do redis-cli -e $REDIS_CLI_OPTIONS -h "$host" dbsize; done >/tmp/sizes
awk '{keys += $NF} END {printf "{\"keys\": %d}", keys}' /tmp/sizes >/dev/termination-log
