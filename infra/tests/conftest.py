"""What can be collected here: answers of the product need Django, plans need check_infra.sh."""

from importlib.util import find_spec

collect_ignore = [] if find_spec("django") else ["test_runbook_answers.py"]
