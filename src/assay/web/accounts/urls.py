"""URLs of the accounts."""

from django.urls import path

from assay.web.accounts import factors, invitations, organisations, own, people, signing

app_name = "accounts"
urlpatterns = [
    path("sign-in/", signing.sign_in, name="sign-in"),
    path("sign-out/", signing.sign_out, name="sign-out"),
    path("second-factor/", factors.second_factor, name="second-factor"),
    path("second-factor/enrol/", factors.enrol, name="enrol"),
    path("invitation/<str:link>/", invitations.invitation, name="invitation"),
    path("me/", own.me, name="me"),
    path("me/language/", own.language, name="language"),
    path("me/password/", own.password, name="password"),
    path("me/recovery-codes/", own.recovery_codes, name="recovery-codes"),
    path("me/tokens/add/", own.token_add, name="token-add"),
    path("me/tokens/<int:pk>/revoke/", own.token_revoke, name="token-revoke"),
    path("people/", people.people_list, name="people"),
    path("people/<int:pk>/", people.person_page, name="person"),
    path("people/<int:pk>/invite/", people.person_invite, name="person-invite"),
    path("people/<int:pk>/deactivate/", people.person_deactivate, name="person-deactivate"),
    path("people/<int:pk>/reactivate/", people.person_reactivate, name="person-reactivate"),
    path("people/<int:pk>/reset-factor/", people.person_reset_factor, name="person-reset-factor"),
    path("people/tokens/<int:pk>/revoke/", people.person_revoke, name="person-token-revoke"),
    path("people/organisations/", organisations.organisation_list, name="organisations"),
    path("people/organisations/add/", organisations.organisation_add, name="organisation-add"),
    path("people/organisations/<int:pk>/", organisations.organisation_page, name="organisation"),
    path("people/organisations/<int:pk>/close/", organisations.organisation_close, name="organisation-close"),
    path("people/organisations/<int:pk>/add/", people.person_add, name="person-add"),
]
