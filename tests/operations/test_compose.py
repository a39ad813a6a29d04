"""compose.yaml starts our commands with settings that there are, closed, in the right order."""

import os
import re
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from integration_api.cli.place import SECRET_CHARACTERS
from integration_api.cli.serve import GRACE_SECONDS
from integration_api.kernel.settings import Settings
from integration_api.postgres import schema
from tests.conftest import Committed
from tests.operations.shipped import ROOT, no_settings, unknown

FILE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = FILE["services"]
OURS = ("migrate", "api", "worker")


@pytest.mark.parametrize("name", OURS)
def test_our_services_start_commands_and_name_settings_that_there_are(name: str) -> None:
    program, *words = SERVICES[name]["command"]
    assert program == "integration-api"
    assert unknown(words) == []
    assert no_settings(list(SERVICES[name]["environment"])) == []


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_closed(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert name == "postgres" or service["cap_drop"] == ["ALL"]
    assert "privileged" not in service


def test_only_the_api_is_reached_and_only_from_this_machine() -> None:
    ports = {name: s["ports"] for name, s in SERVICES.items() if "ports" in s}
    assert ports == {"api": ["127.0.0.1:8000:8000"]}
    assert FILE["networks"]["database"] == {"internal": True}
    assert [n for n, s in SERVICES.items() if "outside" in s["networks"]] == ["api", "worker"]


@pytest.mark.parametrize("name", SERVICES)
def test_secrets_come_from_files_and_are_the_ones_that_are_used(name: str) -> None:
    service = SERVICES[name]
    text = yaml.safe_dump([service.get("environment"), service.get("command")])
    used = set(re.findall(r"/run/secrets/([a-z.-]+)", text))
    assert used == set(service["secrets"])
    assert used <= FILE["secrets"].keys()
    for variable in service.get("environment", {}):
        stated = re.search(r"PASSWORD|_KEY|DATABASE_URL", variable)
        assert not stated or variable.endswith("_FILE"), variable


def test_the_order_is_database_roles_migrations_service() -> None:
    order = {n: s.get("depends_on", {}) for n, s in SERVICES.items()}
    done = {"condition": "service_completed_successfully"}
    assert order == {
        "postgres": {},
        "roles": {"postgres": {"condition": "service_healthy"}},
        "migrate": {"roles": done},
        "api": {"migrate": done},
        "worker": {"migrate": done},
    }


def test_who_stops_has_the_time_it_takes_and_who_answers_is_asked() -> None:
    drain = float(SERVICES["api"]["environment"]["INTEGRATION_API_DRAIN_SECONDS"])
    for name in ("api", "worker"):
        assert float(SERVICES[name]["stop_grace_period"].rstrip("s")) > drain + GRACE_SECONDS
    asked = {n: s.get("healthcheck", {}).get("test", [None])[-1] for n, s in SERVICES.items()}
    assert asked["api"] == "integration_api.healthcheck"
    assert asked["worker"] is asked["migrate"] is None, "the image would ask them for a port"
    assert all(SERVICES[n]["healthcheck"] == {"disable": True} for n in ("migrate", "worker"))


def test_what_is_written_goes_to_a_folder_of_the_image() -> None:
    (kept,) = SERVICES["worker"]["volumes"]
    folder = kept.partition(":")[2]
    anchor = SERVICES["worker"]["environment"]["INTEGRATION_API_AUDIT_ANCHOR"]
    assert str(Path(anchor).parent) == folder
    image = (ROOT / "Dockerfile").read_text("utf-8")
    (user,) = re.findall(r"^USER (\d+):\d+$", image, re.MULTILINE)
    assert f"install -d -o {user} -g {user} -m 0750 {folder}\n" in image


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What the script makes."""
    script = ROOT / "packaging" / "compose" / "secrets.sh"
    made = tmp_path / "secrets"
    subprocess.run([script, made], check=True, capture_output=True)
    return made


async def test_the_script_makes_secrets_that_fit(folder: Path, committed: Committed) -> None:
    assert {Path(s["file"]).name for s in FILE["secrets"].values()} <= set(os.listdir(folder))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert all(stat.S_IMODE(f.stat().st_mode) == 0o444 for f in folder.iterdir())
    assert len((folder / "secret-key").read_text().strip()) >= SECRET_CHARACTERS
    load_pem_private_key((folder / "audit-key").read_bytes(), None)
    address = (folder / "app-url").read_text().strip()
    assert re.fullmatch(r"postgresql://ia_app:[0-9a-f]{48}@postgres/integration", address)
    Settings.model_validate({"database_url": address})
    passwords = (folder / "passwords.sql").read_text()
    assert address.split(":")[2].split("@")[0] in passwords
    outer = committed.admin.transaction()
    await outer.start()
    try:
        await committed.admin.execute(schema.roles_sql() + passwords)
        set_ = await committed.admin.fetch(
            "select rolname from pg_authid where rolpassword is not null and rolname like 'ia_%'"
        )
        logins = await committed.admin.fetch(
            "select rolname from pg_roles where rolcanlogin and rolname like 'ia_%'"
        )
        assert {r["rolname"] for r in set_} == {r["rolname"] for r in logins}
    finally:
        await outer.rollback()


def test_secrets_in_use_are_not_replaced(folder: Path) -> None:
    before = (folder / "secret-key").read_bytes()
    script = ROOT / "packaging" / "compose" / "secrets.sh"
    again = subprocess.run([script, folder], check=False, capture_output=True, text=True)
    assert again.returncode == 1
    assert "is there already" in again.stderr
    assert (folder / "secret-key").read_bytes() == before


def test_the_roles_are_those_that_our_command_prints() -> None:
    (mount,) = SERVICES["roles"]["volumes"]
    source = mount.partition(":")[0]
    assert (ROOT / source).read_text("utf-8") == schema.roles_sql()
    ignored = (ROOT / ".gitignore").read_text("utf-8").splitlines()
    assert "/secrets/" in ignored
