set -eu
if sh /scripts/has-data.sh; then exit 0; fi
rclone copy "remote:$RESTORE_LOCATION/SHA256SUMS" "/backup/$RESTORE_FROM"
part=$(sh /scripts/part.sh)
[ -z "$part" ] || rclone copy "remote:$RESTORE_LOCATION/${part##*/}" "/backup/$RESTORE_FROM"
