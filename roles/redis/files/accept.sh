# Notes that Redis accepts the password with this hash, from now on and as the last one: it is the Secret's.
hash=$1
{
  grep -v "^$hash " /run/redis/accepted || true
  echo "$hash $(date +%s)"
} >/run/redis/accepted.new
mv /run/redis/accepted.new /run/redis/accepted
