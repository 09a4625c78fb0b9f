# Reads masters with their slots; prints masters with the free slots that each gets, evenly.
BEGIN { master = 0 }
{
  count = split($2, range, "-")
  for (slot = range[1] + 0; slot <= range[count] + 0; slot++) {
    if (slot in owner) {
      print "slot " slot " has keys in two copies" >"/dev/stderr"
      failed = 1
      exit 1
    }
    owner[slot] = $1
    size[$1]++
  }
}
END {
  if (failed) exit 1
  for (slot = 0; slot < 16384; slot++) {
    if (slot in owner) continue
    while (size[master] * masters >= 16384 && master < masters - 1) master++
    print master, slot
    size[master]++
  }
}
