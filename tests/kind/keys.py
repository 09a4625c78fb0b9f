"""Keys of a Redis, as scripts for its pods: some to write, and all of them with their values."""

CLI = '. /etc/redis/auth.sh; cli() { redis-cli $REDIS_CLI_OPTIONS "$@"; }\n'
"""The first line of scripts: redis-cli with the password and the certificates of the moment."""

FILL = CLI + "seq 500 | sed 's/.*/set key& value&/' | cli -c >/dev/null; cli -c hset hash field value"
"""Writes 501 keys."""

DUMP = CLI + """cli --scan | awk '{print "echo " $0; print "dump " $0}' | cli --no-raw"""
"""Prints every key, and after each its value as Redis dumps it."""
