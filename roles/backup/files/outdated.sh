# Reads names of backups and prints those beyond the bounds. The newest one stays, and so does the one that was just made
# (the argument): a clock that went back may have given it an old name.
set -eu
oldest=$(date -u -d "@$(($(date +%s) - KEEP_DAYS * 86400))" +%Y%m%d%H%M%S)
sort -r | awk -v count="$KEEP_COUNT" -v oldest="$oldest" -v made="$1" \
  '{time = $0; gsub(/[^0-9]/, "", time)} NR > 1 && $0 != made && (NR > count + 0 || time + 0 < oldest + 0)'
