# Reads the output of CLUSTER NODES; prints the masters that have not failed.
$3 ~ /master/ && $3 !~ /fail/
