"""Keys of a Redis, as scripts for its pods: some to write, and all of them with their values."""

FILL = "seq 500 | sed 's/.*/set key& value&/' | redis-cli -c >/dev/null; redis-cli -c hset hash field value"
"""Writes 501 keys."""

DUMP = """redis-cli --scan | awk '{print "echo " $0; print "dump " $0}' | redis-cli --no-raw"""
"""Prints every key, and after each its value as Redis dumps it."""
