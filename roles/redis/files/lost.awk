# Reads the output of CLUSTER NODES; prints the nodes that had the pod's name before it and that are given up.
# The address of one without an address is another node's now, and so nobody finds out that it has failed.
$1 != me && $3 !~ /myself/ && index($2, "," name ".") && $3 ~ /fail(,|$)|noaddr/
