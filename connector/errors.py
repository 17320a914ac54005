"""Every deliberate error of the program, with the exit code that a scheduler reads.

Messages are in French and say what to do; they never hold an identifying value.
Exit codes are those of the command line page and are never given another meaning.
"""


class ConnectorError(Exception):
    """An error whose message is meant for the person who runs the command."""

    exit_code = 1
    retriable = False


class UsageError(ConnectorError):
    """The command line asks for something that cannot be done."""

    exit_code = 2


class SettingsError(ConnectorError):
    """A settings, mapping or programme file is not usable."""

    exit_code = 10


class SourceDataError(ConnectorError):
    """A source file cannot be used at all, and the run cannot go on without it."""

    exit_code = 11


class SourceUnreachableError(ConnectorError):
    """A source does not answer, or a file cannot be opened."""

    exit_code = 12
    retriable = True


class StateError(ConnectorError):
    """The state folder or its database cannot be used."""

    exit_code = 10


class RejectedError(ConnectorError):
    """A receiver refused what was sent, with words."""

    exit_code = 13


class QueuedError(ConnectorError):
    """What was asked waits in the outbox: it is not delivered yet."""

    exit_code = 14
    retriable = True


class LockedError(QueuedError):
    """Another process of the same site is doing what was asked."""


class SignatureError(ConnectorError):
    """A signature proves nothing: wrong, revoked, or made by a key that nobody vouched for."""

    exit_code = 11


class AlertError(ConnectorError):
    """An alert could not be told on its channel."""

    exit_code = 12
    retriable = True
