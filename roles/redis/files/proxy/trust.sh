# Has the proxy trust an authority that changed in its Secret, beside the one before. The reload keeps all connections.
set -eu
if cmp -s /run/tls/ca.crt /tmp/present; then exit 0; fi
cat /tmp/present /run/tls/ca.crt >/tmp/ca.crt
cat /run/tls/ca.crt >/tmp/present
kill -USR2 "$1"
