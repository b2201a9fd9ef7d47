#!/bin/sh
set -eu
. /etc/os-release
echo "booted $PRETTY_NAME with kernel $(uname -r)"
