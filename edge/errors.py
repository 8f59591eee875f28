"""Errors that a person can mend: one sentence each, with the exit code that the command line gives."""


class UserError(Exception):
    """What is wrong, where, and what to do, in one sentence; the command line prints it without a traceback."""

    exit_code = 2


class InputError(UserError):
    """A file that was named cannot be used: a recording, a model, a picture."""


class ConfigError(UserError):
    """The configuration, a model it names, or the consent is missing or wrong; systemd does not restart on it."""

    exit_code = 78


class CheckFailed(UserError):
    """A check or a comparison was made and failed."""

    exit_code = 1
