# Reads a text; prints it escaped for quotes in redis.conf. Line breaks belong to it: everybody who reads the password has them.
{
  cat
  echo . # keeps the line breaks at the end apart from that of echo
} | sed 's/[\\"]/\\&/g' | awk 'NR > 1 {printf "\\n"} {printf "%s", $0}' | sed 's/[.]$//'
