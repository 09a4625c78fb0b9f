set -eu
cd /backup
name=$(ls | grep -E '^[0-9]{8}T[0-9]{6}Z$' | sort | tail -n 1)
size=$(du -sk "./$name" | cut -f1)
rclone copy "./$name" "remote:$LOCATION/$name"
rclone check --one-way "./$name" "remote:$LOCATION/$name"
rclone lsf --dirs-only "remote:$LOCATION" | tr -d / | grep -E '^[0-9]{8}T[0-9]{6}Z$' >/tmp/names
sh /scripts/outdated.sh </tmp/names | while read -r old; do rclone purge "remote:$LOCATION/$old"; done
count=$(rclone lsf --dirs-only "remote:$LOCATION" | tr -d / | grep -cE '^[0-9]{8}T[0-9]{6}Z$')
printf '{"name": "%s", "kilobytes": %s, "count": %s}' "$name" "$size" "$count" >/dev/termination-log
