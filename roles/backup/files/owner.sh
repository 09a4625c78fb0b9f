# Makes sure that the folder in the bucket is this Tenant's: of two, each would remove the other's backups. The file OWNER there
# has the UID and the name of the Tenant that made the first backup.
set -eu
code=0
owner=$(rclone cat "remote:$LOCATION/OWNER") || code=$?
case $code in
  0 | 3 | 4) ;; # 3 and 4: there is none yet
  *) exit "$code" ;;
esac
case "$owner" in
  "$BACKUPS_OF") exit 0 ;;
  "" | "$TAKE_OVER "*) echo "$BACKUPS_OF" | rclone rcat "remote:$LOCATION/OWNER" ;;
  *)
    echo "the backups in $LOCATION are those of another Tenant ($owner): set another spec.backup.storage.prefix, or take them" \
      "over by the annotation neurallog.io/take-over-backups=${owner%% *}" >&2
    exit 1
    ;;
esac
