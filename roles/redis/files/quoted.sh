# Reads a text and prints it as redis.conf has it between quotes. Line breaks count: whoever gets the password has them too.
{
  cat
  echo . # keeps the line breaks at the end apart from that of echo
} | sed 's/[\\"]/\\&/g' | awk 'NR > 1 {printf "\\n"} {printf "%s", $0}' | sed 's/[.]$//'
