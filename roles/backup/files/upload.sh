set -eu
cd /backup
name=$(printf '%s\n' * | sh /scripts/names.sh | sort | tail -n 1)
size=$(du -sk "./$name" | cut -f1)
sh /scripts/owner.sh
rclone copy "./$name" "remote:$LOCATION/$name"
rclone check --one-way "./$name" "remote:$LOCATION/$name"
rclone lsf --dirs-only "remote:$LOCATION" | tr -d / | sh /scripts/names.sh >/tmp/names
sh /scripts/outdated.sh "$name" </tmp/names | while read -r old; do rclone purge "remote:$LOCATION/$old"; done
count=$(rclone lsf --dirs-only "remote:$LOCATION" | tr -d / | sh /scripts/names.sh | grep -c .)
printf '{"name": "%s", "kilobytes": %s, "count": %s}' "$name" "$size" "$count" >/dev/termination-log
