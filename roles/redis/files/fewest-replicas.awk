# Reads the output of CLUSTER NODES; prints the master with slots that has the fewest replicas.
$3 ~ /fail/ { next }
$3 ~ /master/ && NF > 8 { masters[$1] }
$3 ~ /slave/ { replicas[$4]++ }
END {
  for (master in masters) {
    if (chosen == "" || replicas[master] < replicas[chosen]) chosen = master
  }
  print chosen
}
