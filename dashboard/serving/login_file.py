"""The file of ``--login``: an OpenID Connect provider, and who is let in.

The file is Streamlit's secrets.toml: ``[auth]`` with ``redirect_uri`` and ``cookie_secret``, and, there or in a section
``[auth.NAME]`` for each provider, ``client_id``, ``client_secret`` and ``server_metadata_url``. In addition,
``[visitors]`` has ``emails``: patterns such as ``"*@example.org"``, or ``["*"]`` for everybody with an account.

An unknown key is an error: a misspelt restriction would be none.
"""

from __future__ import annotations

import difflib
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from nids import toml_text
from nids.errors import UserError, beginning

if TYPE_CHECKING:
    from collections.abc import Mapping

OPTION = "--login"
LARGEST = 1 << 16  # bytes of the file
# Where Streamlit waits for the provider's answer.
CALLBACK = "/oauth2callback"
SHORTEST_SECRET = 32
ANYBODY = "*"

Text = Annotated[str, Field(min_length=1)]


class _Section(BaseModel):
    """No unknown keys, no later changes, no silent conversions such as 1 to "1"."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Provider(_Section):
    """How to reach an OpenID Connect provider, with Streamlit's names."""

    client_id: Text
    client_secret: Text
    server_metadata_url: Text
    client_kwargs: dict[str, Any] = {}

    @field_validator("server_metadata_url")
    @classmethod
    def _check_url(cls, url: str) -> str:
        if not url.startswith(("https://", "http://")):
            raise ValueError(
                f"is {beginning(url)}, but must begin with https:// (or http://, to try it); most providers' ends in "
                "/.well-known/openid-configuration"
            )
        return url


class Auth(_Section):
    """Section ``[auth]``, its providers by name; that of ``[auth]`` itself has the name ""."""

    redirect_uri: Text
    cookie_secret: Text
    expose_tokens: Any = None
    providers: dict[str, Provider]

    @model_validator(mode="before")
    @classmethod
    def _gather_providers(cls, section: Any) -> Any:
        if not isinstance(section, dict):
            return section
        own = {key: section[key] for key in Provider.model_fields if key in section}
        named = {key: entry for key, entry in section.items() if isinstance(entry, dict) and key not in own}
        rest = {key: entry for key, entry in section.items() if key not in own and key not in named}
        alone = not named or own.keys() - {"client_kwargs"}
        return {**rest, "providers": {**({"": own} if alone else {}), **named}}

    @field_validator("cookie_secret")
    @classmethod
    def _check_secret(cls, secret: str) -> str:
        if len(secret) < SHORTEST_SECRET:
            raise ValueError(
                f"has {len(secret)} characters and can be guessed; use at least {SHORTEST_SECRET} random ones, such as "
                "those that `openssl rand -hex 32` prints"
            )
        return secret

    @field_validator("redirect_uri")
    @classmethod
    def _check_redirect(cls, address: str) -> str:
        if not address.endswith(CALLBACK):
            raise ValueError(f"is {beginning(address)}, but must end in {CALLBACK}")
        return address

    @field_validator("providers")
    @classmethod
    def _check_names(cls, providers: dict[str, Provider]) -> dict[str, Provider]:
        if refused := [name for name in providers if "_" in name]:
            raise ValueError(
                f"[auth.{beginning(refused[0])}] has an underscore in its name, which Streamlit does not allow"
            )
        return providers


class Visitors(_Section):
    """Section ``[visitors]``: who is let in.

    Attributes:
        emails: Patterns of e-mail addresses.
        unverified: Whether an address counts that the provider does not declare verified.
    """

    emails: Annotated[list[Text], Field(min_length=1)]
    unverified: bool = False

    @field_validator("emails")
    @classmethod
    def _check_emails(cls, emails: list[str]) -> list[str]:
        if wrong := [email for email in emails if "@" not in email and email != ANYBODY]:
            found = beginning(", ".join(wrong))
            raise ValueError(f"has {found}, which has no @; to let in everybody at example.org, write *@example.org")
        return emails

    def trusts_address(self, visitor: Mapping[str, Any]) -> bool:
        """Return whether the address of a visitor counts."""
        return self.unverified or str(visitor.get("email_verified")).lower() == "true"

    def let_in(self, visitor: Mapping[str, Any]) -> bool:
        """Return whether a visitor may see the runs.

        Args:
            visitor: What the provider says: is_logged_in, email, email_verified.
        """
        if visitor.get("is_logged_in") is not True:
            return False
        if ANYBODY in self.emails:
            return True
        email = str(visitor.get("email") or "").lower()
        return self.trusts_address(visitor) and any(fnmatchcase(email, pattern.lower()) for pattern in self.emails)


class Access(_Section):
    """What the pages need of the file: no secret is among it.

    Attributes:
        visitors: Who is let in.
        providers: Names of the providers; "" is the one in ``[auth]`` itself.
    """

    visitors: Visitors
    providers: list[str]


class LoginFile(_Section):
    """The whole file."""

    auth: Auth
    visitors: Visitors

    @property
    def access(self) -> Access:
        """What the pages need of it."""
        return Access(visitors=self.visitors, providers=list(self.auth.providers))

    @classmethod
    def read(cls, file: str) -> Self:
        """Return what a file says.

        Raises:
            UserError: The file lacks something that a login needs, or has something that is unknown.
        """
        if Path(file).suffix != ".toml":
            raise UserError(f"{OPTION} {file}: the file's name must end in .toml.")
        try:
            return cls.model_validate(toml_text.parse(toml_text.read_text(Path(file), LARGEST)))
        except OSError as error:
            raise UserError(f"{OPTION} {file}: cannot be read ({error.strerror}).") from None
        except ValidationError as error:
            raise UserError("\n".join([f"{OPTION} {file}:", *map(_explain, error.errors())])) from None
        except ValueError as error:
            raise UserError(f"{OPTION} {file}: not valid TOML ({error}).") from None


def _explain(item: Any) -> str:
    """Return one line for one of pydantic's errors. It ends in a service's log, so it shows no value: no secret."""
    *path, key = (beginning(str(part)) for part in item["loc"])
    if "emails" in path:  # one of the list
        key = path.pop()
    section = f"[{'.'.join(part for part in path if part not in {'', 'providers'})}]" if path else "the file"
    if item["type"] == "missing":
        return f"  {section} lacks {key if path else f'the section [{key}]'}; dashboard/README.md shows an example."
    if item["type"] == "extra_forbidden":
        fields = {"[auth]": [*Auth.model_fields, *Provider.model_fields], "[visitors]": [*Visitors.model_fields]}
        known = fields.get(section, [*(Provider if path else LoginFile).model_fields])
        close = difflib.get_close_matches(key, known, n=1)
        return f"  {section} has an unknown key: {key}{f' (did you mean {close[0]}?)' if close else ''}."
    if item["type"] == "value_error":
        subject = "" if key == "providers" else f"{key} in {section} "
        return f"  {subject}{item['ctx']['error']}."
    if item["type"] == "model_type":
        return f"  {key} must be a section, [{key}]; dashboard/README.md shows an example."
    expected = {
        "emails": 'a list of patterns, such as ["NAME@example.org", "*@example.net"]; ["*"] lets in everybody with an '
        "account",
        "unverified": "true or false",
        "client_kwargs": "a table",
    }
    return f"  {key} in {section} must be {expected.get(key, 'text in quotes, and not empty')}."
