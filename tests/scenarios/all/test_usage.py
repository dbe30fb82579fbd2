"""Bad options and variables are told in the form that was asked for: a record, and a termination message."""

import json

import pytest
from rig.migrations import records

PROGRAMS = {
    "healthd": ([], 2, "usage"),
    "migrate": (["up"], 23, "input"),
    "cronrun": (["run"], 125, "usage"),
}


@pytest.fixture
def message(scratch):
    """The file of the termination message, as the kubelet makes it."""
    path = scratch / "termination-log"
    path.write_text("")
    return path


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize(
    "words",
    [
        ["--log", "json", "--termination-log", "{message}", "--nonsense"],
        ["--nonsense", "--log=json", "--termination-log={message}"],  # behind what cannot be read
        ["--log=json", "--termination-log", "{message}", "--strict-env=maybe"],
        ["--termination-log", "{message}", "--nonsense"],  # stderr is a pipe
    ],
)
def test_a_record_and_a_termination_message(run, message, program, words):
    command, status, event = PROGRAMS[program]
    result = run(program, *command, *(word.format(message=message) for word in words))
    assert result.status == status
    (record,) = records(result)
    assert (record["level"], record["event"], record["exit"]) == ("error", event, status)
    assert "--nonsense" in record["msg"] or "--strict-env" in record["msg"]
    left = json.loads(message.read_text())
    assert (left["program"], left["exit"], left["outcome"]) == (program, status, event)
    if program != "healthd":  # whose message has no place for it
        assert record["msg"] in (left.get("message"), left.get("tail"))


@pytest.mark.parametrize("program", PROGRAMS)
def test_from_variables(run, message, program):
    command, status, event = PROGRAMS[program]
    prefix = program.upper()
    env = {f"{prefix}_LOG": "kv\n", f"{prefix}_TERMINATION_LOG": str(message), f"{prefix}_TERMINATION_LOK": "x"}
    result = run(program, *command, *(["--lock", "none", "true"] if program == "cronrun" else []), env=env)
    assert result.status == status
    assert f"level=error program={program} event={event} " in result.stderr
    assert json.loads(message.read_text())["exit"] == status


@pytest.mark.parametrize("program", PROGRAMS)
def test_as_text(run, message, program):
    command, status, _ = PROGRAMS[program]
    result = run(program, *command, "--log", "text", "--termination-log", message, "--nonsense")
    assert result.status == status
    assert result.stderr.startswith(f"{program}: unknown option --nonsense")
    assert json.loads(message.read_text())["exit"] == status


@pytest.mark.parametrize(
    "program, words",
    [
        ("healthd", ["probe", "--nonsense", "http://127.0.0.1:1/"]),  # an exec probe, beside the server
        ("healthd", ["wait", "--nonsense"]),
        ("migrate", ["check", "--nonsense"]),
        ("cronrun", ["copy", "--nonsense"]),
    ],
)
def test_other_commands_leave_the_message_alone(run, message, program, words):
    result = run(program, *words, env={f"{program.upper()}_TERMINATION_LOG": str(message)})
    assert result.status == PROGRAMS[program][1]
    assert records(result)[0]["level"] == "error"
    assert message.read_text() == ""


def test_the_commands_own_words_are_not_read(run, message):
    """--log behind the command belongs to the command."""
    result = run("cronrun", "run", "--termination-log", message, "--nonsense", "true", "--log", "text")
    assert records(result)[0]["event"] == "usage"


def test_what_a_program_finds_later(run, message):
    """A check line, a lock: read behind the options, and told in the same way."""
    result = run("healthd", "--termination-log", message, "--check", "x")
    assert (result.status, records(result)[0]["event"]) == (2, "usage")
    assert json.loads(message.read_text())["outcome"] == "usage"
    message.write_text("")
    result = run("cronrun", "run", "--termination-log", message, "--lock", "none:x", "--", "true")
    assert (result.status, records(result)[0]["event"]) == (125, "usage")
    assert json.loads(message.read_text())["outcome"] == "usage"
