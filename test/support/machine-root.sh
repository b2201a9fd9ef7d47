#!/bin/sh
# The first process of a machine: makes a root in memory out of a tree and the programs and libraries of this host, and
# then waits for the end of its standard input. Everything that was started in the machine ends with it.
# usage: unshare --mount --pid --fork --kill-child machine-root.sh ROOT TREE [PROGRAM PLACE]...
# ROOT is an empty folder. Each PROGRAM is found at its PLACE on the machine.
set -eu
root=$1 tree=$2
shift 2

mount --make-rprivate /
mount -t tmpfs -o mode=755 machine "$root"
cp -a "$tree/." "$root"
cd "$root"
mkdir -p etc opt proc run sys dev tmp usr/bin var/lib var/log root outside
chmod 1777 tmp
for folder in bin sbin lib lib32 lib64 libx32; do
  if [ -L "/$folder" ]; then cp -P "/$folder" .
  elif [ -d "/$folder" ]; then mkdir -p "$folder" && mount --bind "/$folder" "$folder"; fi
done

# The places of the programs have to be there before /usr can only be read.
all=$#
while [ "$all" -gt 0 ]; do
  program=$1 place=$2
  shift 2
  all=$((all - 2))
  mkdir -p ".$(dirname "$place")"
  : >".$place"
  set -- "$@" "$program" "$place"
done
mv usr own
mkdir usr
mount -t overlay -o "ro,lowerdir=$root/own:/usr" usr usr
while [ $# -gt 0 ]; do
  mount --bind "$1" ".$2"
  shift 2
done

mount -t proc proc proc
mount --rbind /sys sys
mount --rbind /dev dev
pivot_root . outside
umount -l /outside
echo ready
exec cat >/dev/null
