# Succeeds if no slot has moved and none is moving: otherwise a key may be in two copies, or in none.
case "$1" in *"["*) exit 1 ;; esac
[ "$(sh /scripts/slots.sh)" = "$1" ]
