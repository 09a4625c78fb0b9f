# Takes over what changed in the Secrets that this pod reads.
[ ! -e /run/auth/password ] || sh /etc/redis/rotate.sh || true
[ ! -e /run/tls/tls.crt ] || sh /etc/redis/renew.sh || true
