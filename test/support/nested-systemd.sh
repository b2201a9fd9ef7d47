#!/bin/sh
# Boots systemd in namespaces of its own, with the unit of deploy/systemd as all that it runs, until it gets SIGTERM. It
# sees the system through an overlay, so nothing it writes stays. The network is the one of the caller.
# usage: nested-systemd.sh SCRATCH NODE   in the checkout, as root; SCRATCH/environment holds the settings of the unit
set -eu
scratch=$1 node=$2 name=pilotlight-test-$$

# Its own place in every hierarchy of control groups.
if [ "$(stat --file-system --format=%T /sys/fs/cgroup)" = cgroup2fs ]; then kind=2; set -- /sys/fs/cgroup
else kind=1; set -- /sys/fs/cgroup/*/; fi
places=
for hierarchy; do
  mkdir "$hierarchy/$name" 2>/dev/null || continue
  for inherited in cpuset.cpus cpuset.mems; do
    [ $kind = 2 ] || [ ! -e "$hierarchy/$inherited" ] || cat "$hierarchy/$inherited" >"$hierarchy/$name/$inherited"
  done
  places="$places $hierarchy/$name"
done
if [ -z "$places" ]; then
  echo 'systemd needs control groups of its own, and none can be made here' >&2
  exit 1
fi

cat >"$scratch/boot.sh" <<'BOOT'
set -eu
scratch=$1 node=$2 kind=$3 root=$1/root
mount --make-rprivate /
mkdir "$root" "$scratch/overlay"
mount -t tmpfs tmpfs "$scratch/overlay"
mkdir "$scratch/overlay/upper" "$scratch/overlay/work"
mount -t overlay overlay -o "lowerdir=/,upperdir=$scratch/overlay/upper,workdir=$scratch/overlay/work" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/tmp"
if [ "$kind" = 2 ]; then mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
else
  mount -t tmpfs tmpfs "$root/sys/fs/cgroup"
  mkdir "$root/sys/fs/cgroup/systemd" "$root/sys/fs/cgroup/unified"
  mount -t cgroup -o none,name=systemd cgroup "$root/sys/fs/cgroup/systemd"
  mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup/unified"
  for controllers in $(awk -F: '$2 != "" && $2 !~ /=/ { print $2 }' /proc/self/cgroup); do
    mkdir "$root/sys/fs/cgroup/$controllers"
    mount -t cgroup -o "$controllers" cgroup "$root/sys/fs/cgroup/$controllers" || rmdir "$root/sys/fs/cgroup/$controllers"
  done
fi
# Nothing else is to start.
units=$root/etc/systemd/system
for folder in "$units" "$root/lib/systemd/system"; do rm -rf "$folder"/*.wants "$folder"/*.requires; done
rm -f "$units"/*.service
for unit in systemd-journald.service systemd-journald.socket systemd-journald-dev-log.socket dbus.socket; do
  ln -sf /dev/null "$units/$unit"
done
mkdir -p "$root/opt/pilotlight" "$root/etc/pilotlight/site" "$root/log" "$units/pilotlight.service.d"
mount --bind "$PWD" "$root/opt/pilotlight"
mount --bind "$PWD/examples/site" "$root/etc/pilotlight/site"
mount --bind "$scratch/log" "$root/log"
[ -e "$root/usr/bin/node" ] || : >"$root/usr/bin/node"
mount --bind "$node" "$root/usr/bin/node"
cp "$scratch/environment" "$scratch/operator-token" "$root/etc/pilotlight"
cp deploy/systemd/pilotlight.service "$units"
cp deploy/systemd/operator.conf "$units/pilotlight.service.d"
printf '[Service]\nStandardError=append:/log/stderr\n' >"$units/pilotlight.service.d/test.conf"
printf '[Unit]\nWants=pilotlight.service\n' >"$units/nested.target"
mkdir "$root/outside"
cd "$root"
pivot_root . outside
umount -l /outside
# As on a booted system: credentials are mounted in a namespace from which they have to come back.
mount --make-rshared /
export container=nested
exec chroot / /lib/systemd/systemd --system --unit=nested.target --log-target=console --show-status=0 </dev/null
BOOT

sh -c 'for place in $1; do echo $$ >"$place/cgroup.procs"; done; shift; exec "$@"' sh "$places" \
  unshare --mount --pid --cgroup --uts --ipc --fork --kill-child sh "$scratch/boot.sh" "$scratch" "$node" $kind &
child=$!
trap 'kill -KILL $child' TERM
wait $child || :
wait $child || :
# A group can be removed once the kernel is done with its last process.
for try in 1 2 3 4 5 6 7 8 9 10; do
  left=
  for place in $places; do
    find "$place" -depth -type d -exec rmdir {} \; 2>/dev/null || :
    [ ! -d "$place" ] || left=1
  done
  [ -n "$left" ] || break
  sleep 0.1
done
