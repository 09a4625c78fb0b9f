set -eu
sh /scripts/copy.sh
name=$(cat /tmp/name)
cd /backup
ls | grep -E '^[0-9]{8}T[0-9]{6}Z$' | sh /scripts/outdated.sh | while read -r old; do rm -rf "./$old"; done
size=$(du -sk "./$name" | cut -f1)
count=$(ls | grep -cE '^[0-9]{8}T[0-9]{6}Z$')
printf '{"name": "%s", "kilobytes": %s, "count": %s}' "$name" "$size" "$count" >/dev/termination-log
