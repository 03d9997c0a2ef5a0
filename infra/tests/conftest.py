"""What can be collected here: answers of the product need Django, plans need check_infra.sh."""

from importlib.util import find_spec

NEED_DJANGO = ["test_queues.py", "test_runbook_answers.py"]
collect_ignore = [] if find_spec("django") else NEED_DJANGO
