# Sourced by the scripts beside it: goes to the top of the checkout and defines `environment`.
# Needs nothing but a POSIX shell; finds a Python 3.11 or newer for the rest.
set -eu
cd "$(dirname "$0")/.."
unset PYTHONDONTWRITEBYTECODE # compiling everything at each start costs several seconds

stop() {
    printf '%s\n' "$*" >&2
    exit 1
}

# Print the path of a usable Python, or say which ones were found and how to get one.
find_python() {
    seen=""
    for name in ${PYTHON:-} python3.13 python3.12 python3.11 python3 python python3.14; do
        path=$(command -v "$name" 2>/dev/null) || continue
        version=$("$path" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue
        case $version in
        3.1[1-9])
            if "$path" -c 'import ensurepip, venv' 2>/dev/null; then
                printf '%s\n' "$path"
                return
            fi
            seen="$seen $path ($version, without venv: apt install python$version-venv)"
            ;;
        *) seen="$seen $path ($version)" ;;
        esac
    done
    stop "Oh My Coins needs Python 3.11 or newer; found:${seen:- none}.
Install one (Debian, Ubuntu: apt install python3 python3-venv; Fedora: dnf install python3;
macOS: brew install python@3.13; any: https://www.python.org/downloads/) and start again,
or name one: PYTHON=/path/to/python3.12 $0"
}

# Have the packages of a lock file in .venv, or in the folder named second.
environment() {
    python=${2:-.venv}/bin/python
    "$python" -c '' 2>/dev/null || python=$(find_python)
    "$python" scripts/environment.py "$@"
}
