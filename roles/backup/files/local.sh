set -eu
sh /scripts/copy.sh
name=$(cat /tmp/name)
cd /backup
printf '%s\n' * | sh /scripts/names.sh | sh /scripts/outdated.sh "$name" | while read -r old; do rm -rf "./$old"; done
size=$(du -sk "./$name" | cut -f1)
count=$(printf '%s\n' * | sh /scripts/names.sh | grep -c .)
printf '{"name": "%s", "kilobytes": %s, "count": %s}' "$name" "$size" "$count" >/dev/termination-log
