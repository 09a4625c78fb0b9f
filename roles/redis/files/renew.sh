# Takes over a certificate that changed in its Secret, without a restart and in three steps: Redis trusts the new authority
# beside the one before; after two minutes, when the other pods do so as well, it shows the new certificate; after ten minutes
# it trusts the new authority alone. The file secret has the digest of what was seen there last, and since when.
set -eu
cd /run/redis/tls
. /etc/redis/auth.sh
cli() { timeout 10 redis-cli --tls --cacert /run/redis/tls/ca.crt "$@"; }
digest() { sh /etc/redis/tls-digest.sh "$1"; }
trust() {
  mv ca.crt.new ca.crt
  [ "$(cli config set tls-ca-cert-file /run/redis/tls/ca.crt)" = OK ]
}
rm -rf present
mkdir present
cp /run/tls/tls.crt /run/tls/tls.key /run/tls/ca.crt present
digest=$(digest present)
now=$(date +%s)
if [ "$(cut -d' ' -f1 secret)" != "$digest" ]; then
  cat served/ca.crt present/ca.crt >ca.crt.new
  trust || exit 0
  echo "$digest $now" >secret
  echo "the authority of the Secret is trusted, beside the one before"
fi
age=$((now - $(cut -d' ' -f2 secret)))
if [ "$age" -ge 120 ] && [ "$(digest served)" != "$digest" ]; then
  rm -rf "$digest"
  mv present "$digest"
  [ "$(cli config set tls-cert-file "$PWD/$digest/tls.crt" tls-key-file "$PWD/$digest/tls.key")" = OK ] || exit 0
  rm -rf "$(readlink served)"
  ln -sfn "$digest" served
  echo "the certificate of the Secret is shown"
  [ "${REDIS_MODE-}" != sentinel ] || cli -p 26379 shutdown || true # it reads its certificate at its start
fi
if [ "$age" -ge 600 ] && [ "$(digest served)" = "$digest" ] && ! cmp -s served/ca.crt ca.crt; then
  cp served/ca.crt ca.crt.new
  trust || exit 0
  echo "the authority before is trusted no more"
fi
