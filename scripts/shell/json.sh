# shellcheck shell=bash
# Just enough JSON to read what the services answer: objects on one line, no blanks between tokens.
# Regular expressions because they stay linear in the length of an answer; ${text%%pattern} does not.

json_string='"([^"\\]*(\\.[^"\\]*)*)"'

# json_value NAME TEXT: the first member of that name that is a string, number, true, false or null, in VALUE. Fails when there is none.
json_value() {
  local pattern="\"$1\":($json_string|[^],}[{\"]+)"
  VALUE=''
  [[ $2 =~ $pattern ]] || return 1
  VALUE=${BASH_REMATCH[1]}
  case $VALUE in
    \"*) json_unescape "${BASH_REMATCH[2]}" ;;
  esac
}

# json_object NAME TEXT: what stands between the braces of the first object of that name which holds no other, in VALUE.
json_object() {
  local pattern="\"$1\":[{]([^{}]*)[}]"
  VALUE=''
  [[ $2 =~ $pattern ]] || return 1
  VALUE=${BASH_REMATCH[1]}
}

# Other escapes are control characters: a terminal is better off without them.
json_unescape() {
  local backslash='\' quote='"'
  VALUE=${1//"$backslash$quote"/$quote}
  VALUE=${VALUE//"$backslash$backslash"/$backslash}
}
