"""Who logs in, what groups may do, and which tokens are out."""

from __future__ import annotations

import zoneinfo
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from rest_framework.authtoken.models import TokenProxy
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminSelectWidget

from ledgers.admin import Page
from omc_project.users.models import User

if TYPE_CHECKING:
    _UserAdmin = DjangoUserAdmin[User]
else:
    _UserAdmin = DjangoUserAdmin

ZONES = [(zone, zone) for zone in sorted(zoneinfo.available_timezones())]

admin.site.unregister(Group)
admin.site.unregister(TokenProxy)


@admin.register(User)
class UserAdmin(_UserAdmin, Page):
    """Users, with the zone in which they read times."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "email", "is_active", "is_staff", "time_zone", "last_login")
    fieldsets: ClassVar[Any] = (
        *(DjangoUserAdmin.fieldsets or ()),
        ("Pages", {"fields": ("time_zone",)}),
    )

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer the zones there are."""
        if db_field.name == "time_zone":
            return forms.ChoiceField(choices=ZONES, widget=UnfoldAdminSelectWidget)
        return super().formfield_for_dbfield(db_field, request, **kwargs)


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, Page):
    """Groups of users, such as operators, and what they may do."""
