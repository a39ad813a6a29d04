"""Every setting of the service, once: name, unit, meaning. Nothing else reads the environment."""

import os
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

PREFIX = "INTEGRATION_API_"
_ONE = "[1-9][0-9]{0,8}/(second|minute|hour)"
_Url = SecretStr | None
_Rate = Annotated[str, Field(pattern=f"^{_ONE}(;{_ONE})*$")]


class _Files(PydanticBaseSettingsSource):
    """`INTEGRATION_API_X_FILE` names a file whose content is the value of X (mounted secrets)."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        path = os.environ.get(f"{PREFIX}{field_name.upper()}_FILE")
        return (Path(path).read_text(encoding="utf-8").strip() if path else None), field_name, False

    def __call__(self) -> dict[str, Any]:
        fields = self.settings_cls.model_fields.items()
        values = {name: self.get_field_value(field, name)[0] for name, field in fields}
        return {name: value for name, value in values.items() if value is not None}


class Settings(BaseSettings):
    """The whole configuration of one process; frozen."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    database_url: _Url = Field(
        None,
        description="External PostgreSQL (17 or newer) for the API, logging in as ia_app;"
        " empty: a local server is started from the package.",
    )
    database_pooler: Literal["none", "transaction"] = Field(
        "none", description="`transaction`: that address is PgBouncer's, in transaction mode."
    )
    direct_database_url: _Url = Field(
        None, description="Then the address of PostgreSQL itself for the API, logging in as ia_app."
    )
    worker_database_url: _Url = Field(None, description="The same database for ia_worker, direct.")
    migration_database_url: _Url = Field(None, description="The same for ia_migrator, direct.")
    data_dir: Path = Field(
        Path("var"), description="Folder of the local server, its secret key and the demo files."
    )
    environment: Literal["live", "test", "demo"] = Field(
        "live", description="Part of every API key's text, so that a demo key is recognised."
    )
    public_url: str = Field(
        "http://127.0.0.1:8000", description="Where clients reach the service; in problem types."
    )
    secret_key: SecretStr | None = Field(
        None,
        description="At least 32 random characters; seals cursors, kept answers, webhook secrets."
        " Same on every replica and worker.",
    )
    previous_secret_key: SecretStr | None = Field(
        None, min_length=32, description="The one before it, or the next: opens kept answers too."
    )
    audit_key: SecretStr | None = Field(
        None, description="Private Ed25519 key (PEM) of the worker; signs the audit chain's head."
    )
    audit_anchor: Path | None = Field(
        None,
        description="File outside the database that signed heads are appended to;"
        " empty: audit/anchor.jsonl in the data folder.",
    )
    auditor_database_url: _Url = Field(None, description="The same for ia_auditor: `audit verify`.")
    pool_size: int = Field(10, ge=1, le=200, description="Database connections of one process.")
    pool_wait_seconds: float = Field(
        1.0, gt=0, le=30, description="Longest wait for a free connection before 503."
    )
    durable_access_records: bool = Field(
        True, description="Whether a read waits until its access record is on disk (ADR 0055)."
    )
    request_deadline_seconds: float = Field(
        15.0, gt=0, le=300, description="Longest time one request may take before 503."
    )
    caller_rate: _Rate = Field(
        "200/second;6000/minute", description="Requests of a client or member to a process."
    )
    address_rate: _Rate = Field(
        "100/second;3000/minute", description="Requests of strangers from one address."
    )
    trusted_proxies: tuple[str, ...] = Field(
        (), description="Addresses or networks whose `X-Forwarded-For` counts, as a JSON array."
    )
    credential_cache_seconds: float = Field(
        30.0, ge=0, le=300, description="How long a looked-up credential is trusted unasked."
    )
    oidc_issuer: str | None = Field(
        None, description="Issuer of access tokens (`iss`, to the letter); empty: API keys alone."
    )
    oidc_audience: str | None = Field(
        None, description="What tokens must name in `aud`; empty: the public URL."
    )
    oidc_jwks_url: str | None = Field(
        None, description="Where the issuer publishes its keys; empty: as its discovery says."
    )
    oidc_algorithms: tuple[Literal["ES256", "RS256", "PS256", "EdDSA", "Ed25519"], ...] = Field(
        ("ES256", "RS256", "PS256", "EdDSA"), description="Accepted signatures, as a JSON array."
    )
    drain_seconds: float = Field(
        0.0, ge=0, le=120, description="Time between readiness turning red and the stop."
    )
    worker_seconds: float = Field(
        1.0, gt=0, le=60, description="Pause between two rounds of the worker."
    )
    feed_retention_days: int = Field(
        90, ge=30, le=3650, description="How long the change feed goes back."
    )
    webhook_ports: tuple[int, ...] = Field(
        (443, 8443), description="Ports that webhooks are sent to, as a JSON array."
    )
    security_contact: str | None = Field(
        None, pattern=r"^(mailto|https):\S+$", description="Contact in `security.txt`, as a URI."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severity that is written."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order of precedence: arguments, environment, files named by the environment."""
        return init_settings, env_settings, _Files(settings_cls)

    @property
    def local(self) -> bool:
        """Whether the service runs its own PostgreSQL."""
        return self.database_url is None


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The configuration of this process, read once."""
    return Settings()
