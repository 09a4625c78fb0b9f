# Gives Redis a copy of its certificate, so that renew.sh decides when it shows another one. A container that starts again in
# the middle of a change goes on to trust the authority before.
mkdir -p /run/redis/tls
cd /run/redis/tls || exit 1
former=$(cat served/ca.crt 2>/dev/null || true)
rm -rf first
mkdir first
cp /run/tls/tls.crt /run/tls/tls.key /run/tls/ca.crt first
ln -sfn first served
{
  cat first/ca.crt
  [ -z "$former" ] || [ "$former" = "$(cat first/ca.crt)" ] || echo "$former"
} >ca.crt
echo "$(sh /etc/redis/tls-digest.sh first) $(date +%s)" >secret
{
  echo "tls-cert-file $PWD/first/tls.crt"
  echo "tls-key-file $PWD/first/tls.key"
  echo "tls-ca-cert-file $PWD/ca.crt"
} >>/run/redis/redis.conf
cd /
