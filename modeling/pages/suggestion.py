from django.http import HttpResponse
from django.shortcuts import redirect

from accounts.pages.view import PageRequest, ScopedPage
from modeling.services.suggestion import start_suggest


class SuggestPage(ScopedPage):
    scopes = {"POST": "project.write"}

    def post(self, request: PageRequest, pk: int) -> HttpResponse:
        start_suggest(actor=request.actor, project_id=pk)
        return redirect("labeling:project", pk)
