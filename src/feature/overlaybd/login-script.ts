/** Where the script is. */
export const LOGIN_SCRIPT_PATH = '/opt/overlaybd-login';

/**
 * Fetches a token for one repository and writes it where containerd's client reads it. The client itself takes
 * credentials only on its command line, which everybody on the machine can read, or on a terminal. curl reads them from a
 * file, and hands them to whoever the registry names, as docker does.
 */
export const LOGIN_SCRIPT = String.raw`#!/bin/bash
# usage: overlaybd-login SERVER NAME REPOSITORY CURL_CONFIG DIRECTORY
set -euo pipefail
umask 077
server=$1 name=$2 repository=$3 config=$4 directory=$5

challenge=$(curl --silent --show-error --max-time 30 --output /dev/null --dump-header - "$server/v2/" |
  tr --delete '\r' | sed --quiet 's/^[Ww][Ww][Ww]-[Aa]uthenticate: *[Bb]earer *//p' | head --lines=1)
part() { sed --quiet "s/^\(.*,\)\? *$1=\"\([^\"]*\)\".*/\2/p" <<<"$challenge"; }
realm=$(part realm)
# Who is asked in secret is not left for somebody who is asked in clear.
case $server in https:*) protocols='=https' ;; *) protocols='=http,https' ;; esac
if [ -z "$realm" ]; then
  echo "$server does not ask for a token; set login: basic" >&2
  exit 1
fi
token=$(curl --silent --show-error --fail --max-time 30 --config "$config" --get \
  --proto "$protocols" --data-urlencode "service=$(part service)" \
  --data-urlencode "scope=repository:$repository:pull" --url "$realm" |
  sed --quiet 's/.*"\(access_\)\?token" *: *"\([^"]*\)".*/\2/p' | head --lines=1)
if [ -z "$token" ]; then
  echo "$server gave no token for $repository" >&2
  exit 1
fi
mkdir --parents "$directory/$name"
{
  printf 'server = "%s"\n' "$server"
  printf '[host."%s"]\n  capabilities = ["pull", "resolve"]\n' "$server"
  printf '  [host."%s".header]\n    Authorization = "Bearer %s"\n' "$server" "$token"
} >"$directory/$name/hosts.toml"
`;
