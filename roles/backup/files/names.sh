# Of the names that it reads, prints those of backups.
grep -E '^[0-9]{8}T[0-9]{6}Z$'
