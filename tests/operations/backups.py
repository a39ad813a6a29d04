"""A site with data, and the commands of docs/operations.md as they are pasted there."""

import asyncio
import os
import re
import subprocess
from pathlib import Path

from integration_api.audit.keys import public_pem
from tests.audit.log import KEY, Log
from tests.conftest import SECRET, Committed
from tests.operations.pgbouncer import PAGE
from tests.running import PROGRAM, environment

DUMP, DRILL, RESTORE = re.findall(
    r"^```sh\n(.*?)^```$",
    PAGE.read_text("utf-8").partition("## Backup and restore")[2].partition("\n## ")[0],
    re.MULTILINE | re.DOTALL,
)
PERSONS = int(os.environ.get("CHAOS_PERSONS", "12"))  # noqa: TID251 - `make chaos` asks for more


class Site:
    """A database with data, a sealed log, and a folder with what an operator keeps."""

    def __init__(self, there: Committed, folder: Path) -> None:
        self.there, self.folder, self.log = there, folder, Log(there, folder)
        self.dump = folder / "backup.dump"

    def url(self, login: str, name: str | None = None) -> str:
        """The address of a login."""
        return self.there.server.dsn(login, name or self.there.name)

    async def filled(self) -> None:
        """Persons and cases, numbered and sealed."""
        make = self.there.make
        for _ in range(PERSONS):
            await make.case(await make.person())
        await self.there.number()
        await self.log.seal()
        (self.folder / "audit-public.pem").write_text(public_pem(KEY.public), "utf-8")

    async def pasted(self, script: str) -> subprocess.CompletedProcess[str]:
        """Run a block of the page, with the addresses of the test."""
        for login in ("ia_app", "ia_backup", "postgres"):
            script = script.replace(
                f"postgresql://{login}@db.example.org/integration", f"'{self.url(login)}'"
            )
        here = environment(DATABASE_URL=self.url("ia_app"), SECRET_KEY=SECRET.decode())
        path = f"{PROGRAM.parent}:{self.there.server.bin}:{here['PATH']}"
        return await asyncio.to_thread(
            subprocess.run,
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=self.folder, env=here | {"PATH": path}, capture_output=True, text=True,
            check=False, timeout=240,
        )  # fmt: skip

    async def dumped(self) -> None:
        """The dump as the page says."""
        done = await self.pasted(DUMP)
        assert done.returncode == 0, done.stderr
