# Says that the volume of the backups is full, if it is.
df -P /backup | awk 'NR == 2 && $4 < 1024 {
  print "the backup volume is full: raise spec.redis.storage, or lower spec.backup.retention.count"
}' >&2
