# Reads names; prints those of backups.
grep -E '^[0-9]{8}T[0-9]{6}Z$'
