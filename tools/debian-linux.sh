#!/bin/sh
# Takes out of Debian's packages the kernel that the machines of the network boot tests run, with the modules for their
# network card, and puts them into .tools/debian/linux. Nothing is installed: a kernel of the host stays as it is.
set -eu
cd "$(dirname "$0")/.."
target=.tools/debian/linux
if [ -e "$target/vmlinuz" ]; then exit 0; fi

scratch=$(mktemp -d)
trap 'rm -r "$scratch"' EXIT
apt-get update --quiet
# This package is empty: it depends on the newest kernel.
package=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p')
(cd "$scratch" && apt-get download --quiet "$package")
dpkg-deb --fsys-tarfile "$scratch"/*.deb | tar --extract --directory="$scratch" --wildcards \
  './boot/vmlinuz-*' '*/virtio.ko' '*/virtio_ring.ko' '*/virtio_pci*.ko' '*/virtio_net.ko' '*/failover.ko' \
  '*/net_failover.ko'

mkdir -p "$target/modules"
find "$scratch/lib" -name '*.ko' -exec mv {} "$target/modules" ';'
mv "$scratch"/boot/vmlinuz-* "$target/vmlinuz"
