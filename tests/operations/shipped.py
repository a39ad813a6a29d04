"""What units and the compose file say, against the commands and settings that there are."""

import shutil
from functools import lru_cache
from pathlib import Path

from typer.main import get_command

from integration_api.cli.commands import app
from integration_api.kernel.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
ANALYZE = shutil.which("systemd-analyze")


@lru_cache(maxsize=1)
def commands() -> dict[str, set[str]]:
    """Our commands of one word, with their options."""
    group = get_command(app)
    return {
        name: {option for parameter in command.params for option in parameter.opts}
        for name, command in group.commands.items()  # type: ignore[attr-defined]
    }


def unknown(words: list[str]) -> list[str]:
    """What of `command --option value …` is no command and no option of ours."""
    name, *rest = words
    if name not in commands():
        return [name]
    return [word for word in rest if word.startswith("--") and word not in commands()[name]]


def no_settings(names: list[str]) -> list[str]:
    """Which of these variables name no setting, nor a file with one."""
    fields = set(Settings.model_fields)
    stated = [name.removeprefix(PREFIX).lower() for name in names if name.startswith(PREFIX)]
    return [name for name in stated if not {name, name.removesuffix("_file")} & fields]
