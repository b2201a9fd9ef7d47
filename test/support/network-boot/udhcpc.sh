#!/bin/sh
# What udhcpc runs when it has a lease.
if [ "$1" != bound ]; then exit 0; fi
ip addr add "$ip/$mask" dev "$interface"
