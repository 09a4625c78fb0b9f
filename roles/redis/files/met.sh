# A sentinel fails over if it knows all the others, none that is gone, and how many have to agree.
. /etc/redis/auth.sh
timeout 3 redis-cli $REDIS_CLI_OPTIONS -p 26379 sentinel master main |
  awk -v replicas="$(cat /etc/redis/replicas)" '
    name == "num-slaves" && $1 >= replicas - 1 {right++}
    name == "num-other-sentinels" && $1 == replicas - 1 {right++}
    name == "quorum" && $1 == int(replicas / 2) + 1 {right++}
    {name = $1}
    END {exit right != 3}'
