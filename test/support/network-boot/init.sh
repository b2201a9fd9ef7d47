#!/bin/busybox sh
# The first process of a machine that has booted over the network: brings the network up, has Ignition provision a root in
# memory as on a first boot, prints every file that came of it between marks, and turns the machine off.
/bin/busybox mkdir -p /proc /sys /dev /run /tmp /sysroot
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sys /sys
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox mount -t tmpfs run /run
/bin/busybox --install -s /bin
export PATH=/bin
# What the kernel prints would come into the files.
dmesg -n 1

for module in virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci failover net_failover virtio_net; do
  insmod "/modules/$module.ko"
done
ip link set lo up
ip link set eth0 up
udhcpc -i eth0 -n -q -t 20 -T 1 -s /bin/udhcpc.sh
echo "mark: command line: $(cat /proc/cmdline)"

mount -t tmpfs root /sysroot
# Ignition labels what it wrote for SELinux, and fails without this.
mkdir -p /sysroot/etc/selinux
printf 'SELINUX=disabled\nSELINUXTYPE=targeted\n' >/sysroot/etc/selinux/config
for stage in fetch-offline fetch files; do
  if ! ignition -platform metal -stage "$stage" -root /sysroot -config-cache /run/ignition.json -state-file /run/state \
    -neednet /run/neednet -log-to-stdout; then
    echo "mark: Ignition failed in stage $stage"
    poweroff -f
  fi
done

rm -r /sysroot/etc/selinux
cd /sysroot || exit
find . -type f | while read -r file; do
  echo "mark: file ${file#.}"
  cat "$file"
  echo "mark: end"
done
echo 'mark: provisioned'
poweroff -f
