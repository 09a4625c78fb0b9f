# Prints the hosts of all pods of Redis, by the names that the headless Service gives them.
seq 0 $(($(cat /etc/redis/replicas) - 1)) | sed 's/.*/redis-&.redis-headless/'
