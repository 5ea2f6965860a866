"""Every error a person can cause or mend. Each is one line on stderr: where, what, and what to do.

PostresetError          exit code
├── SettingsError       2   usage, settings, a value in the wrong form
├── InputError          3   a path, file, lake or person that is not there or cannot be read
│   └── LoadError           a service that cannot be reached or read (ItemGone: one object that was deleted meanwhile)
├── DetectionError      4   a detection that cannot be read or converted
└── ModelError          4   a model under sql/ that does not run

Anything else that is raised is a bug and shows a traceback.
"""


class PostresetError(Exception):
    """Something a person can mend. `what` happened, `where`, and the `hint` that mends it."""

    exit_code = 2

    def __init__(self, what: str, where: str = "", hint: str = "") -> None:
        self.what, self.where, self.hint = what, where, hint
        super().__init__(": ".join(part for part in (where, what, hint) if part))


class SettingsError(PostresetError):
    exit_code = 2


class InputError(PostresetError):
    exit_code = 3


class LoadError(InputError):
    """A service that cannot be asked, or refuses. What can be tried again was tried."""


class ItemGone(LoadError):
    """An object that was named and is no longer there."""


class DetectionError(PostresetError):
    exit_code = 4


class ModelError(PostresetError):
    exit_code = 4
