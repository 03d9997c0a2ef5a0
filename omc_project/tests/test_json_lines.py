"""A log line is one JSON object, whatever it says."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys

import pytest
from gunicorn.config import Config

from omc_project.gunicorn_lines import GunicornLines
from omc_project.json_lines import JsonLines

LOGGER = logging.getLogger("omc.test")


def record_of(message, *words, error=None, level=logging.ERROR):
    return LOGGER.makeRecord(LOGGER.name, level, __file__, 1, message, words, error)


def fail(message):
    raise ValueError(message)


def test_a_line_tells_when_how_bad_who_and_what():
    told = json.loads(JsonLines().format(record_of("No price of %s.", "BTC")))
    assert told.pop("at").endswith("+00:00")
    assert told == {"level": "ERROR", "logger": "omc.test", "message": "No price of BTC."}


def test_a_traceback_and_a_message_of_several_lines_stay_one_line():
    try:
        fail("first\nsecond")
    except ValueError:
        line = JsonLines().format(record_of("broken\n%s", '"', error=sys.exc_info()))
    assert "\n" not in line
    told = json.loads(line)
    assert told["message"] == 'broken\n"'
    assert told["trace"].endswith("ValueError: first\nsecond")


def test_gunicorn_says_what_it_says_in_the_same_form(capsys):
    GunicornLines(Config()).info("Listening at: %s", "somewhere")
    (line,) = [each for each in capsys.readouterr().err.splitlines() if "Listening" in each]
    told = json.loads(line)
    assert (told["level"], told["message"]) == ("INFO", "Listening at: somewhere")


@pytest.mark.parametrize(("form", "status"), [("json", 0), ("yaml", 1)])
def test_the_form_is_a_setting_and_another_one_is_refused(form, status):
    program = "from omc_project import settings; print(settings.LOGGING['handlers'])"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "OMC_LOG_FORMAT": form},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status
    assert ("'formatter': 'json'" in done.stdout) is (form == "json")
    assert ("OMC_LOG_FORMAT" in done.stderr) is (form == "yaml")
