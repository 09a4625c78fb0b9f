# Of the answer to CLUSTER NODES, prints the masters that nobody has given up.
$3 ~ /master/ && $3 !~ /fail/
