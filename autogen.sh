#!/bin/sh
# Makes configure. Afterwards: ./configure && make, or in a folder of its own: ../configure && make.
set -e
cd "$(dirname "$0")"
exec autoreconf --force --install --warnings=all
