#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Make ./configure from configure.ac.

set -e
cd "$(dirname "$0")"

missing=
need()
{
	command -v "$1" >/dev/null 2>&1 || missing="$missing $2"
}
need autoconf autoconf
need automake automake
need libtoolize libtool
need pkg-config pkg-config
if [ -n "$missing" ]; then
	echo "bootstrap.sh: tools are missing; run: apt-get install$missing" >&2
	exit 1
fi

mkdir -p m4 build-aux
exec autoreconf --install --force --warnings=all,no-obsolete
