# shellcheck disable=SC2154  # cluster.sh includes it, and sets these variables.
# A restored master owns the slots of its keys once it has loaded them. It gets the free slots as well.
first_numbers=$(seq 0 $((masters - 1)))
owned=$(for number in $first_numbers; do slots "$number" | sed "s/^/$number /"; done)
if [ -z "$owned" ]; then
  nodes=""
  for number in $numbers; do nodes="$nodes $(address "$number"):6379"; done
  redis-cli $REDIS_CLI_OPTIONS --cluster create $nodes --cluster-replicas $((replicas / masters - 1)) --cluster-yes
else
  free=$(echo "$owned" | awk -v masters="$masters" -f /etc/redis/free-slots.awk)
  for number in $first_numbers; do
    share=$(echo "$free" | awk -v number="$number" '$1 == number {print $2}')
    [ -z "$share" ] || cli "$(pod "$number")" cluster addslots $share
    cli "$(pod "$number")" cluster set-config-epoch $((number + 1)) || true
  done
  for number in $first_numbers; do
    [ "$number" = 0 ] || cli "$(pod 0)" cluster meet "$(address "$number")" 6379
  done
  until [ "$(known 0)" -ge "$masters" ]; do sleep 1; done
  agree
fi
