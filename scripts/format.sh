#!/bin/sh
# Bring the whole tree into the house's format and mend what can be mended by itself.
. "$(dirname "$0")/environment.sh"
environment requirements/dev.txt
bin=.venv/bin
$bin/ruff check --quiet --fix . || true # what is left is for scripts/lint.sh to name
$bin/ruff format .
templates=$(find agents ledgers omc_project quality trading -name '*.html')
if [ -n "$templates" ]; then
    # shellcheck disable=SC2086 # one word a file
    $bin/djlint --quiet --reformat $templates || true # 1: it reformatted
fi
if command -v terraform >/dev/null && [ -d infra ]; then terraform fmt -recursive infra; fi
