"""Who acts: people, organisations, dated role grants, operator sessions and tokens.

There is no standing superuser. A hub operator opens an operator session that ends by itself and is logged.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import F, Q

from hutong.kernel.permission import ROLE_LABELS, Role
from hutong.kernel.text import Text
from hutong.platform.records import Record


class Organisation(Record):
    """A party: a firm, institute, university, centre or public body, with its register number."""

    prefix = "ORG"
    title = Text("Organisation", "单位")

    name_en = models.CharField(max_length=200)
    name_zh = models.CharField(max_length=200)
    register = models.CharField(max_length=16, default="uscc")
    register_id = models.CharField(max_length=64)
    kind = models.CharField(max_length=24, default="enterprise")
    region = models.CharField(max_length=12, default="110000")

    class Meta(Record.Meta):
        app_label = "platform"
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["register", "register_id"], name="organisation_registered_once")
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name_en}"

    @property
    def name(self) -> Text:
        return Text(self.name_en, self.name_zh)


class PersonManager(BaseUserManager["Person"]):
    """Finds people by e-mail address, as the sign-in does."""

    def get_by_natural_key(self, username: str | None) -> Person:
        return self.get(email__iexact=username)

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> Person:
        person = self.model(email=self.normalize_email(email), **fields)
        person.set_password(password)
        person.save(using=self._db)
        return person


class Person(AbstractBaseUser, Record):
    """A person with an account. Name and address live here only; the ledger knows the code."""

    prefix = "PER"
    title = Text("Person", "人员")

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False, editable=False)

    # The role grants, where they were loaded together with the person (`hutong.platform.actors`).
    grants_held: tuple[RoleGrant, ...] | None = None

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    objects: ClassVar[PersonManager] = PersonManager()

    class Meta(Record.Meta):
        app_label = "platform"

    def __str__(self) -> str:
        return self.name


class RoleGrant(Record):
    """A role that a person holds for an organisation (or the whole hub) from a moment to a moment."""

    prefix = "ROL"
    title = Text("Role grant", "角色授权")

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="grants")
    organisation = models.ForeignKey(Organisation, null=True, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=24, choices=[(r.value, ROLE_LABELS[r].en) for r in Role])
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True)

    class Meta(Record.Meta):
        app_label = "platform"
        indexes: ClassVar[list[Any]] = [models.Index(fields=["person", "valid_from"])]
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_from")), name="grant_period"
            )
        ]


class OperatorSession(Record):
    """A time-limited stay of a hub operator with wide rights; opened with a reason, logged, ends by itself."""

    prefix = "OPS"
    title = Text("Operator session", "运维会话")

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="operator_sessions")
    reason = models.CharField(max_length=2000)
    opened_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    class Meta(Record.Meta):
        app_label = "platform"


class Token(models.Model):
    """A bearer token for API and CLI; the hub keeps only its SHA-256."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="tokens")
    digest = models.CharField(max_length=64, unique=True)
    label = models.CharField(max_length=80)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        app_label = "platform"


class SignInLink(models.Model):
    """A one-time sign-in that the hub prints at its first start; used once, short-lived."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "platform"
