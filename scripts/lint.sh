#!/bin/sh
# Run every check of the code, all of them to the end, then say which ones failed.
. "$(dirname "$0")/environment.sh"
environment requirements/dev.txt
bin=.venv/bin
OMC_HOME=${OMC_HOME:-$PWD/.omc/test}
export OMC_HOME
failed=""

check() {
    name=$1
    shift
    printf '%-12s' "$name"
    if output=$("$@" 2>&1); then
        echo ok
    else
        printf 'FAILED: %s\n%s\n' "$*" "$output"
        failed="$failed $name"
    fi
}

files() {
    find . \( -path './.venv*' -o -path ./.omc -o -path ./.git -o -name node_modules \) -prune -o \
        -type f -name "$1" -print
}

templates() {
    files '*.html' | xargs "$bin/djlint" --quiet --check --lint
}

shells() {
    find scripts .ci -type f | while read -r file; do
        case $(head -n 1 "$file") in '#!/bin/sh'* | '# Sourced'*) echo "$file" ;; esac
    done | xargs "$bin/shellcheck" --shell=sh --external-sources --source-path=scripts
}

check ruff $bin/ruff check .
check format $bin/ruff format --check .
check imports $bin/lint-imports
check types $bin/mypy .
check migrations $bin/python manage.py makemigrations --check --dry-run
check django $bin/python manage.py check --fail-level WARNING
if [ -n "$(files '*.html')" ]; then check templates templates; fi
check shell shells
if command -v terraform >/dev/null && [ -n "$(files '*.tf')" ]; then
    check terraform terraform fmt -check -recursive infra
fi
if [ -n "$failed" ]; then stop "Failed:$failed"; fi
