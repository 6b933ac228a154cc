"""URLs of the accounts."""

from django.urls import path

from assay.web.accounts import factors, own, signing

app_name = "accounts"
urlpatterns = [
    path("sign-in/", signing.sign_in, name="sign-in"),
    path("sign-out/", signing.sign_out, name="sign-out"),
    path("second-factor/", factors.second_factor, name="second-factor"),
    path("second-factor/enrol/", factors.enrol, name="enrol"),
    path("me/", own.me, name="me"),
    path("me/language/", own.language, name="language"),
]
