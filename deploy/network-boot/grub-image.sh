#!/bin/sh
# Makes GRUB's image for UEFI on x86-64, with all in it that the scripts of pilotlight use. Needs Debian's packages
# grub-common and grub-efi-amd64-bin.
# usage: grub-image.sh IMAGE
set -eu
exec grub-mkimage --format=x86_64-efi --prefix=/grub --output="$1" \
  net efinet tftp http linux normal configfile echo sleep test boot smbios
