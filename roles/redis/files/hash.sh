# Reads a password; prints its hash as Redis has it in an ACL.
sha256sum | cut -d' ' -f1
