# Gives redis-cli the password that all pods accept at present. rotate.sh changes it.
if [ -e /run/redis/password ]; then
  REDISCLI_AUTH=$(
    cat /run/redis/password
    echo . # keeps the line breaks at the end
  )
  export REDISCLI_AUTH="${REDISCLI_AUTH%.}"
fi
