# The checksums are the table of contents: the first pod gets the first copy, and so on. Others start empty.
sed -n "$((${HOSTNAME##*-} + 1))p" "/backup/$RESTORE_FROM/SHA256SUMS"
