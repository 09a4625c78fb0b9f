# Prints the SHA-256 of what it reads. That of a password is what Redis has in an ACL.
sha256sum | cut -d' ' -f1
