"""Reads of the Exchange ledger: nobody reads it without saying for whom."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Self

from ledgers.querysets import FactQuerySet


class UnscopedError(RuntimeError):
    """A read of somebody's money that does not say for whom."""


class OwnedQuerySet(FactQuerySet):
    """Facts of accounts; every read raises `UnscopedError` until it is scoped.

    `for_user` is the rule; `for_account` serves code that holds an account it got from a scoped
    read; `of_everyone` is for operators' pages and checks, and is easy to search for.
    """

    is_scoped = False

    def for_user(self, user_id: int) -> Self:
        """Return only what belongs to accounts of this user."""
        return self._scoped(account__user_id=user_id)

    def for_account(self, account_id: int) -> Self:
        """Return only what belongs to this account."""
        return self._scoped(account_id=account_id)

    def of_everyone(self) -> Self:
        """Return rows of all users: for operators and checks, never for a user's own page."""
        return self._scoped()

    def count(self) -> int:
        """Count the rows of a scoped read."""
        self._require_scope()
        return super().count()

    def exists(self) -> bool:
        """Tell whether a scoped read finds anything."""
        self._require_scope()
        return super().exists()

    def aggregate(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Aggregate a scoped read."""
        self._require_scope()
        return super().aggregate(*args, **kwargs)

    def iterator(self, chunk_size: int | None = None) -> Iterator[Any]:
        """Iterate a scoped read."""
        self._require_scope()
        return super().iterator(chunk_size)

    def _fetch_all(self) -> None:
        if self._result_cache is None:
            self._require_scope()
        super()._fetch_all()

    def _clone(self) -> Self:
        clone: Self = super()._clone()  # type: ignore[misc]  # Django's own, missing in the stubs
        clone.is_scoped = self.is_scoped
        return clone

    def _require_scope(self) -> None:
        if not self.is_scoped:
            raise UnscopedError(
                f"{self.model.__name__} was read without an owner. Call for_user() first."
            )

    def _scoped(self, **narrowed: Any) -> Self:
        scoped = self.filter(**narrowed)
        scoped.is_scoped = True
        return scoped
