#!/usr/bin/env bash
# Run the Windows Python of preparer.sh on this project: lancer.sh FOLDER ARGUMENTS OF PYTHON
# Under Wine this Python accepts pipes and consoles as its streams, not files.
set -eu -o pipefail
here=$(cd "$(dirname "$0")/../.." && pwd)
export WINEPREFIX=$(cd "$1" && pwd)/prefix WINEDEBUG=-all PYTHONPATH="Z:${here//\//\\}" PYTHONIOENCODING=utf-8
unset PYTHONUNBUFFERED
shift
: | wine 'C:\Python312\python.exe' "$@" 2>&1 | cat
