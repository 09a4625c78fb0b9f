# Reads names of backups and prints those beyond the bounds; the newest one stays.
set -eu
oldest=$(date -u -d "@$(($(date +%s) - KEEP_DAYS * 86400))" +%Y%m%d%H%M%S)
sort -r | awk -v count="$KEEP_COUNT" -v oldest="$oldest" \
  '{time = $0; gsub(/[^0-9]/, "", time)} NR > 1 && (NR > count + 0 || time + 0 < oldest + 0)'
