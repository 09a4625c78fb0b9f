set -eu
cd /backup
rm -rf .partial
# Room for the new copy is made first. The newest good one stays.
printf '%s\n' * | sh /scripts/names.sh | KEEP_COUNT=$((KEEP_COUNT - 1)) sh /scripts/outdated.sh none |
  while read -r old; do rm -rf "./$old"; done
if ! sh /scripts/copy.sh; then
  sh /scripts/full.sh
  rm -rf .partial
  exit 1
fi
name=$(cat /tmp/name)
printf '%s\n' * | sh /scripts/names.sh | sh /scripts/outdated.sh "$name" | while read -r old; do rm -rf "./$old"; done
size=$(du -sk "./$name" | cut -f1)
count=$(printf '%s\n' * | sh /scripts/names.sh | grep -c .)
printf '{"name": "%s", "kilobytes": %s, "count": %s}' "$name" "$size" "$count" >/dev/termination-log
