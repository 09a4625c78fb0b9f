# The domain of the cluster's Services, mostly svc.cluster.local. A full name takes one DNS query.
awk '$1 == "search" {for (i = 2; i <= NF; i++) if ($i ~ /^svc[.]/) {print $i; exit}}' /etc/resolv.conf
