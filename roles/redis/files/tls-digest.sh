# Prints the digest of the certificate, the key and the authority in a folder.
cat "$1/tls.crt" "$1/tls.key" "$1/ca.crt" | sh /etc/redis/hash.sh
