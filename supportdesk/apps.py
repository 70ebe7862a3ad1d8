"""App configurations: this app, and the admin with the desk's own site."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.core import checks
from django.utils.translation import gettext_lazy as _

from supportdesk.checks import check_deployment, check_queue, check_rights, check_settings, check_signing
from supportdesk.telemetry.starting import start_telemetry


class SupportDeskConfig(AppConfig):
    name = "supportdesk"
    verbose_name = _("Support desk")

    def ready(self) -> None:
        from allauth.account.signals import authentication_step_completed
        from allauth.mfa.signals import authentication_failed, authenticator_added, authenticator_removed
        from django.contrib.auth.signals import user_logged_in

        from supportdesk.accounts.pages.session_start import (
            limit_session,
            look_for_factor,
            note_new_proof,
            note_wrong_factor,
        )
        from supportdesk.audit.registration import register_audited
        from supportdesk.processes.cluster.queue_time import go_by_time_of_record

        go_by_time_of_record()
        start_telemetry()
        register_audited()
        user_logged_in.connect(limit_session, dispatch_uid="supportdesk.limit_session")
        authenticator_added.connect(look_for_factor, dispatch_uid="supportdesk.factor_added")
        authenticator_removed.connect(look_for_factor, dispatch_uid="supportdesk.factor_removed")
        authentication_failed.connect(note_wrong_factor, dispatch_uid="supportdesk.wrong_factor")
        authentication_step_completed.connect(note_new_proof, dispatch_uid="supportdesk.note_new_proof")
        checks.register(check_deployment, checks.Tags.security, deploy=True)
        checks.register(check_rights, checks.Tags.security, deploy=True)
        checks.register(check_queue, "queue")
        checks.register(check_settings, "settings")
        checks.register(check_signing, "mail")


class DeskAdminConfig(AdminConfig):
    default_site = "supportdesk.site.DeskSite"
