#!/bin/sh
# Holds a host of the test's network for as long as its standard input is open: a network namespace, with a mount namespace
# in which /srv is empty.
# usage: unshare --net --mount network.sh
set -eu
mount --make-rprivate /
mount -t tmpfs srv /srv
ip link set lo up
echo ready
exec cat >/dev/null
