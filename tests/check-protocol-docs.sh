#!/bin/sh
# Fails when docs/protocol.md misses a name that the code knows, or has an example that is not JSON. (What the examples
# say is checked against a running Janus by tests/e2e/protocol-docs.test.mjs.) Skipped without Node.
set -u

command -v node >/dev/null || { echo "there is no node"; exit 77; }
exec node "${srcdir:-.}/tests/check-protocol-docs.mjs"
