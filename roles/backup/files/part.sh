# The checksums list the copies: the first pod gets the first copy, and so on. Other pods start empty.
sed -n "$((${HOSTNAME##*-} + 1))p" "/backup/$RESTORE_FROM/SHA256SUMS"
