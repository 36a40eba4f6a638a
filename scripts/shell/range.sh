# shellcheck shell=bash
# Whether a value is one that a parameter takes, as an agent's listing says it in words: for the menu, which asks again.

# takes RANGE VALUE: an empty value is the default, and what the words do not decide is the agent's to judge.
takes() {
  local words bounds pattern='^[0-9]{1,32}$'
  [ -n "$2" ] || return 0
  case $1 in
    'a whole number from '*) words='a whole number from ' ;;
    'a number from '*) words='a number from ' pattern='^[0-9]{1,30}(\.[0-9]{1,30})?$' ;;
    'true or false')
      case $2 in true | false | 1 | 0) return 0 ;; *) return 1 ;; esac
      ;;
    'one of '*)
      words=", ${1#one of }, "
      case $words in *", $2, "*) return 0 ;; *) return 1 ;; esac
      ;;
    *) return 0 ;;
  esac
  if ! [[ $2 =~ $pattern ]]; then
    # Other ways to write a number are the agent's to judge.
    [ "$words" = 'a number from ' ] && [[ $2 =~ ^-?([0-9]+(\.[0-9]+)?|\.[0-9]+)([eE][+-]?[0-9]+)?$ ]]
    return
  fi
  bounds=${1#"$words"}
  ! is_less "$2" "${bounds%% to *}" && ! is_less "${bounds##* to }" "$2"
}

# is_less NUMBER OTHER: decimals of any length, which shell arithmetic does not know: compared as text of one width.
is_less() {
  widen "$1"
  set -- "$VALUE" "$2"
  widen "$2"
  [[ $1 < $VALUE ]]
}

widen() {
  local zeros=00000000000000000000000000000000 whole=${1%%.*} rest=''
  case $1 in *.*) rest=${1#*.} ;; esac
  VALUE=${zeros:${#whole}}$whole.$rest${zeros:${#rest}}
}
